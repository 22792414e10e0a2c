"""pgring as `make install` puts it, in a folder of its own, run by its init script."""

import os
import re
import shutil
import signal
import subprocess
import tempfile

import psycopg

from support.process import (BUILD, TOP, USER, free_port, is_running, process_title, processes_of,
                             wait_until)


def make(target, *variables):
    """Runs make in the checkout for the programs under test; returns what it printed."""
    done = subprocess.run(["make", "--no-print-directory", target, "BUILD=" + os.path.relpath(BUILD, TOP),
                           *variables], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


class Installation:
    """The files lie where a package's would, but under `directory`; nothing of the system is touched."""

    def __init__(self, cluster, init="initd systemd logrotate smf"):
        self.cluster = cluster
        self.directory = tempfile.mkdtemp(prefix="pgring-installed-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        self.variables = ["prefix=" + self.path("usr"), "sysconfdir=" + self.path("etc"),
                          "rundir=" + self.path("run/pgring"), "logdir=" + self.path("var/log/pgring"),
                          "smfdir=" + self.path("lib/svc"), "INIT=" + init]
        make("install", *self.variables)
        self.script = self.path("etc/init.d/pgringd")
        self.program = self.path("usr/sbin/pgringd")
        self.config_path = self.path("etc/pgring/pgring.ini")
        self.pid_path = self.path("run/pgring/pgringd.pid")
        self.log_path = self.path("var/log/pgring/pgring.log")
        self.port = free_port()
        self.set(listen_port=self.port, worker_processes=2)
        if os.geteuid() == 0:
            self.set(user=USER)
        else:
            self.set(user="")
        self.replace(r"^\* = .*", "* = host=%s port=%d" % (cluster.directory, cluster.port))

    def path(self, name):
        return os.path.join(self.directory, name)

    # The configuration, as an administrator edits it

    def replace(self, pattern, text):
        with open(self.config_path, encoding="utf-8") as file:
            changed, count = re.subn(pattern, lambda _: text, file.read(), flags=re.MULTILINE)
        assert count == 1, pattern
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(changed)

    def set(self, **settings):
        """Edits the settings' own lines in the installed file."""
        for name, value in settings.items():
            self.replace(r"^;?%s =.*" % name, "%s = %s" % (name, value))

    def append(self, text):
        with open(self.config_path, "a", encoding="utf-8") as file:
            file.write(text)

    def defaults(self, text):
        """Writes the file of variables which the init script reads."""
        os.makedirs(self.path("etc/default"), exist_ok=True)
        with open(self.path("etc/default/pgringd"), "w", encoding="utf-8") as file:
            file.write(text)

    # Life

    def init(self, action, shell=("/bin/sh",), script=None, **environment):
        """(exit code, what was printed) of the init script."""
        done = subprocess.run([*shell, script or self.script, action], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=50,
                              cwd="/", check=False, env={**os.environ, **environment})
        return done.returncode, done.stdout

    def control(self, *arguments):
        """(exit code, what was printed) of pgringctl."""
        done = subprocess.run([self.path("usr/sbin/pgringctl"), "-f", self.config_path, *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=50, cwd="/", check=False)
        return done.returncode, done.stdout

    def connect(self, dbname="test", user="postgres", **more):
        return psycopg.connect(host="127.0.0.1", port=self.port, dbname=dbname, user=user,
                               autocommit=True, **more)

    def query(self, sql, **who):
        with self.connect(**who) as connection:
            return connection.execute(sql).fetchall()

    def pid(self):
        with open(self.pid_path, encoding="ascii") as file:
            return int(file.read())

    def processes(self):
        return [pid for pid in processes_of(self.program) if is_running(pid)]

    def titles(self):
        return sorted(process_title(pid) for pid in self.processes())

    def log(self):
        """Empty until the logger, a process of its own, has written something."""
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def wait_log(self, pattern):
        return wait_until(lambda: re.search(pattern, self.log(), re.MULTILINE),
                          "the log says /%s/; it says:\n%s" % (pattern, self.log()))

    def finish(self):
        """Whatever a test has left running is ended; what a stop by the init script left is a mistake."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.processes(), "all processes of pgringd end")
        shutil.rmtree(self.directory)
