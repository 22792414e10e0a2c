"""pgringd under test: its configuration, life, log, processes and memory."""

import os
import re
import shutil
import signal
import subprocess
import tempfile

import psycopg

from support.process import (BUILD, free_port, give_to_user, is_running, memory_of, process_title,
                             processes_of, run_as, wait_until)
from support.wire import SSL_REQUEST, Wire, request

# Lines which no client and no database may cause.
BROKEN = r"^.*(?:UTC \[\d+\] [a-z]+(?: \d+)? FATAL\b|\bpanic\b|Assertion|runtime error:|Sanitizer).*$"


class Pgring:
    """One pgringd in the foreground with a folder of its own. Its program is copied there, so that every
    process of this instance, orphans too, is known by what it executes, and an unprivileged user can
    read it wherever the checkout lies."""

    def __init__(self, cluster, settings=None, databases=None, users=None, extra=""):
        self.cluster = cluster
        self.directory = tempfile.mkdtemp(prefix="pgring-", dir="/tmp")
        give_to_user(self.directory)
        os.chmod(self.directory, 0o755)
        self.program = os.path.join(self.directory, "pgringd")
        shutil.copy(os.path.join(BUILD, "pgringd"), self.program)
        self.config_path = os.path.join(self.directory, "pgring.ini")
        self.log_path = os.path.join(self.directory, "log")
        self.pid_path = os.path.join(self.directory, "pid")
        self.port = free_port()
        self.process = None
        self.expect_death = False
        self.configure(settings, databases, users, extra)

    def configure(self, settings=None, databases=None, users=None, extra=""):
        """Writes the configuration; None keeps what a section had. Takes effect at start or reload."""
        self.settings = settings if settings is not None else getattr(self, "settings", {})
        self.databases = databases if databases is not None else getattr(self, "databases", None) or {
            "*": "host=%s port=%d" % (self.cluster.directory, self.cluster.port)}
        self.users = users if users is not None else getattr(self, "users", {})
        base = {"listen_addr": "127.0.0.1", "listen_port": self.port, "auth_type": "trust",
                "unix_socket_dir": self.directory, "pidfile": self.pid_path,
                "pool_mode": "transaction", "worker_processes": 2}
        if "PIPELINE_DEPTH" in os.environ:
            base["pipeline_depth"] = os.environ["PIPELINE_DEPTH"]
        sections = [("databases", self.databases), ("users", self.users),
                    ("pgring", {**base, **self.settings})]
        with open(self.config_path, "w", encoding="utf-8") as file:
            for name, values in sections:
                file.write("[%s]\n" % name)
                file.writelines("%s = %s\n" % item for item in values.items())
            file.write(extra)

    def start(self, wait=True, descriptors=None, options=(), within=None):
        """`descriptors`: how many it may have open at most. `options`: of its command line. `within`: the
        beginning of a command that becomes it, and gives root's privilege away itself."""
        limited = ["/bin/sh", "-c", 'ulimit -n %d; exec "$@"' % descriptors, "sh"] if descriptors else []
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*limited, *(within or []), self.program, *options,
                                             self.config_path],
                                            cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, **({} if within else run_as()))
        if wait:
            wait_until(self.accepts, lambda: "pgringd accepts connections; its log:\n" + self.log())
            wait_until(self.children_are_up, "its children run")
        return self

    def accepts(self):
        """Whether a client is answered; that needs no database, and a backlog alone does not do it."""
        assert self.process.poll() is None, "pgringd has ended; its log:\n" + self.log()
        try:
            with Wire(self.port, timeout=1) as wire:
                return wire.send(request(SSL_REQUEST)).read_raw(1) == b"N"
        except OSError:
            return False

    def children_are_up(self):
        """Until it has run for the first time a child has its master's title, and its sockets."""
        titles = {pid: process_title(pid) for pid in self.processes()}
        if not titles.pop(self.process.pid, "").startswith("pgringd: "):
            return True  # a system without titles
        return all(title.startswith("pgringd: ") and title != "pgringd: master" for title in titles.values())

    # Clients

    def address(self, dbname="test", user="postgres"):
        return {"host": "127.0.0.1", "port": self.port, "dbname": dbname, "user": user}

    def dsn(self, **who):
        return " ".join("%s=%s" % item for item in self.address(**who).items())

    def connect(self, dbname="test", user="postgres", autocommit=True, **more):
        return psycopg.connect(**{**self.address(dbname, user), **more}, autocommit=autocommit)

    def query(self, sql, **who):
        with self.connect(**who) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql, **who):
        """Several statements whose results do not matter."""
        with self.connect(**who) as connection:
            connection.execute(sql)

    def environment(self, **who):
        """For clients which are programs of their own."""
        address = self.address(**who)
        return {**os.environ, "PGHOST": address["host"], "PGPORT": str(address["port"]),
                "PGDATABASE": address["dbname"], "PGUSER": address["user"], "PGCONNECT_TIMEOUT": "10"}

    # Processes

    def processes(self):
        return [pid for pid in processes_of(self.program) if is_running(pid)]

    def titled(self, title):
        return [pid for pid in self.processes() if process_title(pid).startswith(title)]

    def workers(self):
        return self.titled("pgringd: worker")

    def memory(self):
        return memory_of(self.processes())

    # Log

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_log(self, pattern, seconds=10.0):
        """The first match of the pattern in the log."""
        return wait_until(lambda: re.search(pattern, self.log(), re.MULTILINE | re.IGNORECASE),
                          lambda: "the log says /%s/; it says:\n%s" % (pattern, self.log()), seconds)

    # Life

    def send_signal(self, number):
        self.process.send_signal(number)

    def reload(self):
        self.send_signal(signal.SIGHUP)

    def wait_end(self, seconds=10.0):
        """The exit code."""
        self.expect_death = True
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError("pgringd does not end; its log:\n" + self.log()) from None

    def stop(self, how=signal.SIGQUIT, seconds=10.0):
        self.send_signal(how)
        code = self.wait_end(seconds)
        wait_until(lambda: not self.processes(), "all processes of pgringd end: " +
                   str([process_title(pid) for pid in self.processes()]))
        return code

    def finish(self):
        """Ends what still runs and says what a healthy life does not have; called once per test."""
        complaints = []
        try:
            if self.process and self.process.poll() is None:
                self.stop()
            elif self.process and not self.expect_death:
                complaints.append("pgringd died: exit code %s" % self.process.returncode)
        except AssertionError as error:
            complaints.append(str(error))
        finally:
            for pid in self.processes():
                complaints.append("left behind: %d %s" % (pid, process_title(pid)))
                os.kill(pid, signal.SIGKILL)
            if self.process:
                self.process.wait(10)
        bad = re.findall(BROKEN, self.log(), re.MULTILINE)
        if bad:
            complaints.append("the log says: " + "\n".join(bad))
        if not complaints:
            shutil.rmtree(self.directory)
        assert not complaints, "\n".join(complaints + ["its log:", self.log()])
