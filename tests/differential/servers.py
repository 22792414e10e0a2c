"""The servers of a differential run: PostgreSQL with its fixture, and a pooler in front of it."""

import time

import fixture
import psycopg
from compare import FIRST_USER_OID
from support.cluster import Cluster
from support.daemon import Pgring
from support.process import wait_until

DATABASE = "differential"
USER = "postgres"
SETTLING = 15  # seconds in which what clients have left must be cleared away, however busy the machine


class PgBouncer(Pgring):
    """PgBouncer in pgring's place; the settings used here mean the same to both."""

    def __init__(self, cluster, program="/usr/sbin/pgbouncer", **configuration):
        super().__init__(cluster, **configuration)
        self.program = program

    def start(self, wait=True):
        with open(self.config_path, encoding="utf-8") as file:
            lines = [line for line in file if not line.startswith("worker_processes")]
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.writelines("[pgbouncer]\n" if line == "[pgring]\n" else line for line in lines)
        return super().start(wait)

    def processes(self):
        return [self.process.pid] if self.process and self.process.poll() is None else []


class Servers:
    """One PostgreSQL and, when asked for, one pooler in front of it."""

    def __init__(self, clients, cluster=None):
        """With a cluster given, it is used and left running; a database is made in it."""
        self._own = Cluster().start() if cluster is None else None
        self.cluster = cluster or self._own
        with self.cluster.connect(dbname="postgres") as connection:
            connection.execute(f"drop database if exists {DATABASE} with (force)")
            connection.execute(f"create database {DATABASE}")
            # Warnings come with a Parse, and a pooler need not send each.
            connection.execute(f"alter database {DATABASE} set escape_string_warning = off")
            # A generic plan comes after some executions on one connection; with it 10 / $1 fails later.
            connection.execute(f"alter database {DATABASE} set plan_cache_mode = force_custom_plan")
        self._connect()
        for name in client_names(clients):
            self.admin.execute(fixture.create(name))
        self.port = self.via_port = self.cluster.port
        self.pooler = None

    def start_pooler(self, via, mode, pool_size, program=None, depth=256):
        """Puts pgring or PgBouncer in front; 'direct' compares PostgreSQL with itself."""
        self.stop_pooler()
        self.via_port = self.port
        if via == "direct":
            return
        settings = {"pool_mode": mode, "default_pool_size": pool_size, "max_client_conn": 200,
                    "log_connections": 0, "log_disconnections": 0}
        users = self.cluster.directory + "/users.txt"
        if via == "pgbouncer":
            with open(users, "w", encoding="ascii") as file:
                file.write(f'"{USER}" ""\n')
            settings["auth_file"] = users
            self.pooler = PgBouncer(self.cluster, settings=settings)
            self.pooler.program = program or self.pooler.program
        else:
            self.pooler = Pgring(self.cluster, settings={**settings, "pipeline_depth": depth})
        self.pooler.start()
        self.via_port = self.pooler.port

    def pooler_died(self):
        return self.pooler is not None and self.pooler.process.poll() is not None

    def pooler_log(self, lines=20):
        return "\n".join(self.pooler.log().splitlines()[-lines:]) if self.pooler else ""

    def stop_pooler(self):
        """Fails when the pooler has died or its log says something fatal."""
        pooler, self.pooler = self.pooler, None
        if pooler is not None:
            pooler.finish()

    def reset(self, names):
        """The same database state before each play. Who still holds a lock is named and ended."""
        holders = []
        for name in names:
            try:
                self.admin.execute(f"select {name}.reset()")
            except psycopg.errors.LockNotAvailable:
                holders += self._end_all_others()
                self.admin.execute(f"select {name}.reset()")
        return holders

    def _end_all_others(self):
        rows = self.admin.execute(
            "select state, left(query, 100), pg_terminate_backend(pid, 5000)::text"
            " from pg_stat_activity where pid <> pg_backend_pid() and pid in"
            f" (select pid from pg_locks where relation >= {FIRST_USER_OID})").fetchall()
        return ["still holds a lock: " + " ".join(row) for row in rows]

    def leftovers(self, seconds=SETTLING):
        """What clients that have gone left behind on server connections, once it stays there."""
        deadline = time.monotonic() + seconds
        while True:
            rows = self.admin.execute(
                "select 'in a transaction', pid::text, left(query, 200) from pg_stat_activity"
                f" where datname = '{DATABASE}' and state like 'idle in transaction%'"
                " union all select 'holds an advisory lock', pid::text, '' from pg_locks"
                " where locktype = 'advisory'").fetchall()
            if not rows or time.monotonic() > deadline:
                return [" ".join(row) for row in rows]
            time.sleep(0.01)

    def has_crashed(self):
        try:
            self.admin.execute("select")
            return False
        except psycopg.OperationalError:
            return True

    def come_back(self):
        """Waits until PostgreSQL, which restarts itself, answers again; gives what it has said of its crash."""
        self.admin.close()
        wait_until(self.cluster.answers, "PostgreSQL is back", 60)
        self._connect()
        with open(self.cluster.log_path, encoding="utf-8", errors="replace") as file:
            return "".join(line for line in file if "terminated by signal" in line or "was running" in line)

    def _connect(self):
        self.admin = self.cluster.connect(dbname=DATABASE)
        self.admin.execute(f"set lock_timeout = '{SETTLING}s'")

    def stop(self):
        try:
            self.stop_pooler()
        finally:
            self.admin.close()
            if self._own is not None:
                self._own.remove()


def client_names(count):
    return [f"c{number}" for number in range(count)]
