"""A private PostgreSQL cluster in a folder of its own: own port, own socket, trusting, without fsync."""

import os
import shutil
import signal
import subprocess
import tempfile

import psycopg

from support.process import free_port, give_to_user, run_as, wait_until

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "max_prepared_transactions": "10",
    "listen_addresses": "127.0.0.1",
    "autovacuum": "off",
    "jit": "off",
    "log_line_prefix": "%m [%p] %d ",
    "wal_level": "logical",
}
ROLES = ("alice", "bob", "carol")
DATABASES = ("test", "other")


def server_program(name):
    bindir = subprocess.run(["pg_config", "--bindir"], check=True, capture_output=True, text=True)
    return os.path.join(bindir.stdout.strip(), name)


class Cluster:
    """Made by initdb at once; start() and the ways to stop may be called again and again."""

    def __init__(self, settings=None, parent="/tmp"):
        self.directory = tempfile.mkdtemp(prefix="pgring-db-", dir=parent)
        give_to_user(self.directory)
        os.chmod(self.directory, 0o755)
        self.data = os.path.join(self.directory, "data")
        self.log_path = os.path.join(self.directory, "log")
        self.port = free_port()
        self.process = None
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            for name, value in {**SETTINGS, **(settings or {})}.items():
                file.write("%s = '%s'\n" % (name, value))
            file.write("port = %d\nunix_socket_directories = '%s'\n" % (self.port, self.directory))

    def _run(self, program, *arguments):
        subprocess.run([server_program(program), *arguments], check=True, cwd=self.directory,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **run_as())

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([server_program("postgres"), "-D", self.data],
                                            cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True, **run_as())
        if wait:
            wait_until(self.answers, "PostgreSQL answers; see " + self.log_path, 30)
        return self

    def answers(self):
        assert self.process.poll() is None, "PostgreSQL has ended; see " + self.log_path
        try:
            self.connect(dbname="postgres").close()
            return True
        except psycopg.OperationalError:
            return False

    def populate(self):
        """The roles and databases which the tests take for granted."""
        with self.connect(dbname="postgres") as connection:
            for role in ROLES:
                connection.execute("create role %s login" % role)
            for database in DATABASES:
                connection.execute("create database " + database)
        for database in DATABASES:
            with self.connect(dbname=database) as connection:
                connection.execute("grant all on schema public to public")
        return self

    def stop(self, how=signal.SIGINT):
        """SIGTERM waits for clients, SIGINT disconnects them, SIGQUIT is a crash that needs recovery."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)
        self.process = None

    def crash(self):
        self.stop(signal.SIGQUIT)

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        return self.start()

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory)

    def dsn(self, dbname="test", user="postgres"):
        return "host=127.0.0.1 port=%d dbname=%s user=%s" % (self.port, dbname, user)

    def connect(self, dbname="test", user="postgres", **more):
        """A direct connection, past pgring."""
        return psycopg.connect(host="127.0.0.1", port=self.port, dbname=dbname, user=user,
                               autocommit=True, **more)

    def query(self, sql, dbname="test"):
        """Rows of one statement, asked directly."""
        with self.connect(dbname=dbname) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql, dbname="test"):
        """Several statements whose results do not matter, past pgring."""
        with self.connect(dbname=dbname) as connection:
            connection.execute(sql)

    def backends(self, dbname="test", where="true"):
        """What pg_stat_activity knows of the connections to this database, but for the asking one."""
        return self.query("select pid, usename, application_name, state, query from pg_stat_activity"
                          " where backend_type = 'client backend' and pid <> pg_backend_pid()"
                          " and datname = '%s' and (%s)" % (dbname, where), dbname="postgres")
