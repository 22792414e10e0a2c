"""What is measured: direct connections, pgring, and the poolers that are installed. All speak over
unix sockets, trust their clients, pool transactions, and may open the same number of connections."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from support.daemon import Pgring
from support.process import (free_port, give_to_user, memory_of, processes_of, run_as, wait_until)
import usage

POOL_SIZE = 20
MAX_CLIENTS = 6000


class Direct:
    name, title, pid = "direct", "direct connections", None
    # More would be more PostgreSQL processes than anyone runs.
    max_clients = 600

    def __init__(self, cluster):
        self.address = (cluster.directory, cluster.port)

    def start(self):
        return self

    def stop(self):
        pass

    def refuses(self, workload):
        if workload.kind == "idle":
            return "no pooler"
        return None if workload.clients <= self.max_clients else "too many clients"


class Pooler:
    """A pooler's life and cost; the subclasses know how to start it."""

    pid = None

    def cpu_seconds(self):
        return usage.cpu_seconds(self.pid)

    def memory(self):
        return memory_of(usage.tree(self.pid))

    def refuses(self, workload):
        del workload
        return None


class Ring(Pooler):
    name, title = "ring", "pgring"

    def __init__(self, cluster):
        self._cluster, self._daemon = cluster, None

    def start(self):
        self._daemon = Pgring(self._cluster, settings={
            "worker_processes": 0, "max_client_conn": MAX_CLIENTS, "default_pool_size": POOL_SIZE,
            "log_connections": 0, "log_disconnections": 0})
        self._daemon.start()
        self.pid = self._daemon.process.pid
        self.address = (self._daemon.directory, self._daemon.port)
        return self

    def stop(self):
        self._daemon.finish()


class Peer(Pooler):
    """A pooler that is a single program with a configuration file in a folder of its own. The program
    is copied there, so that an unprivileged user can run it wherever it lies."""

    program_name = label = None

    def __init__(self, cluster):
        self.cluster = cluster
        self.program = self.find()
        self.title = "%s %s" % (self.label, self.version())

    @classmethod
    def find(cls):
        named = os.environ.get(cls.name.upper())
        return named or shutil.which(cls.program_name, path=os.environ["PATH"] + ":/usr/sbin")

    def version(self):
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL)
        found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
        return found.group(0) if found else "of unknown version"

    def start(self):
        self.directory = tempfile.mkdtemp(prefix="pgring-peer-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        give_to_user(self.directory)
        copy = os.path.join(self.directory, self.program_name)
        shutil.copy(self.program, copy)
        self.port = free_port()
        self.address = (self.socket_directory(), self.port)
        arguments = self.configure()
        self._log_path = os.path.join(self.directory, "output")
        with open(self._log_path, "wb") as log:
            self._process = subprocess.Popen([copy, *arguments], cwd=self.directory,
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             start_new_session=True, **run_as())
        self.pid = self._process.pid
        try:
            wait_until(self._accepts, self.title + " accepts connections")
        except AssertionError as error:
            with open(self._log_path, encoding="utf-8", errors="replace") as log:
                said = log.read()
            self.stop()
            raise AssertionError("%s; it said:\n%s" % (error, said)) from None
        return self

    def socket_directory(self):
        return self.directory

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        give_to_user(path)
        os.chmod(path, 0o600)
        return path

    def _accepts(self):
        assert self._process.poll() is None, self.title + " has ended"
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(os.path.join(self.address[0], ".s.PGSQL.%d" % self.port))
                return True
            except OSError:
                return False

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # Some leave processes behind when clients hang.
        program = os.path.join(self.directory, self.program_name)
        for pid in processes_of(program):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not processes_of(program), self.title + " has ended")
        shutil.rmtree(self.directory)


class PgBouncer(Peer):
    name = program_name = "pgbouncer"
    label = "PgBouncer"

    def _prepares(self):
        """Whether this version keeps prepared statements apart when it pools transactions."""
        return [int(part) for part in self.version().split(".")] >= [1, 21]

    def refuses(self, workload):
        if workload.prepared and not self._prepares():
            return "no prepared statements in transaction mode"
        return None

    def configure(self):
        users = self.write("users", '"postgres" ""\n')
        return [self.write("ini", "\n".join([
            "[databases]", "* = host=%s port=%d" % (self.cluster.directory, self.cluster.port),
            "[pgbouncer]", "auth_type = trust", "auth_file = " + users, "pool_mode = transaction",
            "listen_port = %d" % self.port, "unix_socket_dir = " + self.directory,
            "max_client_conn = %d" % MAX_CLIENTS, "default_pool_size = %d" % POOL_SIZE,
            "log_connections = 0", "log_disconnections = 0",
            "max_prepared_statements = 200" if self._prepares() else "", ""]))]

