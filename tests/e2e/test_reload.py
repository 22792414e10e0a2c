"""Reload: whatever is changed, added, removed or broken, no client is dropped and no query fails."""

import datetime
import os
import re
import signal
import subprocess
import threading
import time

import psycopg
import pytest

from support.cluster import server_program
from support.daemon import Pgring
from support.process import wait_until
from support.wire import SYNC, Wire, bind, execute, kinds, parse


def reload(pgring, **configuration):
    """Writes the configuration, reloads and waits until that has been done or refused."""
    pgring.configure(**configuration)
    return reload_as_it_is(pgring)


def reload_as_it_is(pgring, how=Pgring.reload):
    pattern = r"\b(?:reloaded /|reload failed: )[^\"\n]*"  # in text and in JSON
    before = len(re.findall(pattern, pgring.log()))
    how(pgring)
    return wait_until(lambda: re.findall(pattern, pgring.log())[before:],
                      lambda: "the reload is told of in\n" + pgring.log())[0]


def reason_of_refusal(pgring):
    """What the console's RELOAD answers where it fails; the log has told of it too."""
    def ask(_):
        with pytest.raises(psycopg.Error) as caught:
            console(pgring, "RELOAD")
        reasons.append(caught.value.diag.message_detail)
    reasons = []
    assert reload_as_it_is(pgring, ask).startswith("reload failed")
    return reasons[0]


def line_of(pgring, **more):
    """A [databases] line for the tests' cluster."""
    options = {"host": pgring.cluster.directory, "port": pgring.cluster.port, **more}
    return " ".join("%s=%s" % item for item in options.items())


def console(pgring, command):
    with pgring.connect(dbname="pgring", user="boss") as connection:
        cursor = psycopg.ClientCursor(connection)
        cursor.execute(command)
        if not cursor.description:
            return []
        titles = [column.name for column in cursor.description]
        return [dict(zip(titles, row)) for row in cursor.fetchall()]


def setting(pgring, name):
    return next(row["value"] for row in console(pgring, "SHOW CONFIG") if row["key"] == name)


def titled(pgring, title):
    """A new process says who it is a moment after it was started."""
    return wait_until(lambda: pgring.titled(title), "there is a process " + title)


@pytest.fixture
def daemon(make_pgring):
    return make_pgring(settings={"admin_users": "boss"})


# What cannot be done


def test_a_broken_file_changes_nothing_and_every_mistake_is_logged_with_its_line(daemon):
    daemon.configure(settings={**daemon.settings, "default_pool_size": 7, "log_level": "debug",
                               "worker_processes": "several"},
                     extra="nonsense = 1\n[databases]\nmore = prot=5\n")
    assert reload_as_it_is(daemon).startswith("reload failed")
    with open(daemon.config_path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for mistake in "worker_processes = several", "nonsense = 1", "more = prot=5":
        number = lines.index(mistake) + 1
        assert re.search(r"master ERROR: .*pgring\.ini:%d: " % number, daemon.log()), daemon.log()
    assert setting(daemon, "default_pool_size") == "20"
    assert setting(daemon, "log_level") == "info"
    assert daemon.query("select 1") == [(1,)]
    assert re.search(r"pgring\.ini:\d+: .*nonsense", reason_of_refusal(daemon))
    assert reload(daemon, settings={"admin_users": "boss"}).startswith("reloaded")


def test_a_file_that_is_gone_changes_nothing(daemon):
    os.rename(daemon.config_path, daemon.config_path + ".gone")
    assert reload_as_it_is(daemon).startswith("reload failed")
    assert "No such file" in daemon.log()
    assert "No such file" in reason_of_refusal(daemon)
    assert daemon.query("select 1") == [(1,)]
    os.rename(daemon.config_path + ".gone", daemon.config_path)
    assert reload_as_it_is(daemon).startswith("reloaded")


def test_what_needs_a_restart_is_named_and_stays(daemon):
    changed = {"listen_port": daemon.port + 1, "payload_memory": "32MB", "unix_socket_mode": "0700"}
    for times in 1, 2:  # it is told as long as the file says so
        reload(daemon, settings={"admin_users": "boss", "default_pool_size": 9, **changed})
        for name in changed:
            told = re.findall(r"WARNING: %s cannot be changed without a restart" % name, daemon.log())
            assert len(told) == times, daemon.log()
    assert setting(daemon, "listen_port") == str(daemon.port)
    assert setting(daemon, "payload_memory") == "64MB"
    assert setting(daemon, "default_pool_size") == "9"


def test_set_is_checked_as_a_file_is(daemon):
    for command in "SET log_filename = a/b", "SET log_filename = %Q", "SET auth_type = md5":
        with pytest.raises(psycopg.Error) as caught:
            console(daemon, command)
        assert caught.value.sqlstate == "22023"


# Databases


def test_a_removed_database_drains_and_can_come_back(daemon):
    both = {"test": line_of(daemon), "other": line_of(daemon)}
    reload(daemon, databases=both)
    with daemon.connect(dbname="other") as client:
        client.execute("select 1")
        reload(daemon, databases={"test": both["test"]})
        assert client.execute("select 'still served'").fetchone() == ("still served",)
        with pytest.raises(psycopg.OperationalError, match="no such database"):
            daemon.connect(dbname="other")
    wait_until(lambda: not daemon.cluster.backends("other"), "its connections are closed")
    reload(daemon, databases=both)
    assert daemon.query("select 1", dbname="other") == [(1,)]


def test_a_database_that_moves_gets_new_connections(daemon):
    reload(daemon, databases={"db": line_of(daemon, dbname="test")})
    with daemon.connect(dbname="db") as client, daemon.connect(dbname="db") as in_block:
        in_block.execute("begin")
        assert in_block.execute("select current_database()").fetchone() == ("test",)
        reload(daemon, databases={"db": line_of(daemon, dbname="other")})
        assert in_block.execute("select current_database()").fetchone() == ("test",)
        in_block.execute("commit")
        for one in client, in_block:
            assert one.execute("select current_database()").fetchone() == ("other",)


def test_a_change_of_pool_mode_is_for_clients_to_come(daemon):
    """Both ways there is state that the other mode would lose: statements, temporary tables."""
    with Wire(daemon.port) as transaction:
        transaction.login()
        transaction.send(parse("mine", "select 'prepared'"), SYNC)
        transaction.read_until()
        reload(daemon, settings={"admin_users": "boss", "pool_mode": "session"})
        with daemon.connect() as session:
            session.execute("create temporary table kept (i int)")
            transaction.send(bind("", "mine"), execute(), SYNC)
            assert kinds(transaction.read_until()) == b"2DCZ"
            reload(daemon, settings={"admin_users": "boss", "max_prepared_statements": 0})
            assert session.execute("select count(*) from kept").fetchone() == (0,)
        transaction.send(bind("", "mine"), execute(), SYNC)
        assert kinds(transaction.read_until()) == b"2DCZ"


# Workers


def test_workers_learn_new_settings_without_being_replaced(daemon):
    before = wait_until(lambda: len(daemon.workers()) == 2 and daemon.workers(), "two workers")
    daemon.query("select 1")
    assert "DEBUG" not in daemon.log()
    reload(daemon, settings={"admin_users": "boss", "log_level": "debug", "default_pool_size": 1,
                             "server_idle_timeout": 1})
    with daemon.connect(user="alice") as first, daemon.connect(user="alice") as second:
        first.execute("begin")
        first.execute("select 1")
        waiter = threading.Thread(target=second.execute, args=["select 2"])
        waiter.start()
        wait_until(lambda: [row for row in console(daemon, "SHOW POOLS")
                            if row["user"] == "alice" and row["cl_waiting"] == 1], "the pool is full")
        first.execute("commit")
        waiter.join()
    daemon.wait_log(r"\[(%s)\] worker \d DEBUG: test/alice: backend \d+: connected" % "|".join(map(str, before)))
    wait_until(lambda: not daemon.cluster.backends(where="usename = 'alice'"), "server_idle_timeout holds")
    assert daemon.workers() == before


def test_workers_come_and_go_but_never_under_a_client(make_pgring):
    daemon = make_pgring(settings={"admin_users": "boss", "worker_processes": 3, "default_pool_size": 3},
                         users={"alice": "pool_mode=session"})
    # Transactions that are open, and sessions, keep whatever worker they are with.
    clients = [daemon.connect(user=user, autocommit=False) for user in ("alice", "postgres") * 3]
    for client in clients:
        client.execute("select 1")
    kept = wait_until(lambda: len(daemon.workers()) == 3 and daemon.workers(), "three workers")
    reload(daemon, settings={**daemon.settings, "worker_processes": 1})
    # The others' idle connections no longer count: one pool is full of those in use, another is not.
    assert daemon.query("select 2", user="bob") == [(2,)]
    for client in clients:
        assert client.execute("select 'still here'").fetchone() == ("still here",)
        client.commit()
    assert daemon.query("select 3") == [(3,)]
    for client in clients:
        client.close()
    wait_until(lambda: daemon.workers() == kept[:1], "the others have left")
    reload(daemon, settings={**daemon.settings, "worker_processes": 4})
    wait_until(lambda: len(daemon.workers()) == 4, "there are four")
    assert kept[0] in daemon.workers()
    assert daemon.query("select 4") == [(4,)]


def test_a_worker_that_may_not_leave_yet_gives_its_places_in_the_pool_to_the_others(make_pgring):
    daemon = make_pgring(settings={"admin_users": "boss", "default_pool_size": 2})
    (first,) = titled(daemon, "pgringd: worker 1")
    os.kill(first, signal.SIGSTOP)  # so that worker 2 opens all connections
    with daemon.connect(autocommit=False) as linked:
        linked.execute("select 1")
        assert daemon.query("select 2") == [(2,)]
        os.kill(first, signal.SIGCONT)
        reload(daemon, settings={**daemon.settings, "worker_processes": 1})
        begin = time.monotonic()
        for number in range(20):
            assert daemon.query("select %d" % number) == [(number,)]
        assert time.monotonic() - begin < 5
        assert linked.execute("select 'still here'").fetchone() == ("still here",)
    wait_until(lambda: daemon.workers() == [first], "worker 2 leaves with its client")


# Under load


SCRIPT = """\\set id random(1, 1000)
select :id;
begin;
insert into reload_load values (:client_id);
end;
"""


def pgbench(pgring, clients, seconds, script, mode, **who):
    # With -M prepared a thread that waits for a connection must have no other client to serve.
    threads = clients if mode == "prepared" else 2
    return subprocess.Popen([server_program("pgbench"), "-n", "-c", str(clients), "-j", str(threads),
                             "-T", str(seconds), "-f", script, "-M", mode],
                            env=pgring.environment(**who),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True)


class Newcomers:
    """Clients that connect, ask and leave, all the time."""

    def __init__(self, pgring):
        self.pgring, self.errors, self.served, self.stopping = pgring, [], 0, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopping.is_set():
            try:
                assert self.pgring.query("select 1") == [(1,)]
                self.served += 1
            except (psycopg.Error, AssertionError) as error:
                self.errors.append(error)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


def change(pgring, round_number):
    """One of the fifty: returns whether it is to be refused."""
    at_rest = {"admin_users": "boss", "max_client_conn": 400, "default_pool_size": 20}
    databases = {"test": line_of(pgring), "sessions": line_of(pgring, dbname="test", pool_mode="session")}
    changes = [
        {"worker_processes": 1 + round_number % 4},
        {"default_pool_size": 5 + round_number % 20, "log_level": "debug"},
        {"log_format": "json" if round_number % 2 else "text", "log_destination": "stderr, file",
         "logfile": os.path.join(pgring.directory, "second")},
        {"pipeline_depth": 1 + round_number % 8, "log_min_duration": "1s", "server_lifetime": 1},
        {"default_pool_size": "many"},
    ]
    kind = round_number % len(changes)
    if round_number % 2:
        databases["come_%d" % round_number] = line_of(pgring, dbname="other")
    if round_number % 3 == 0:
        databases["*"] = line_of(pgring)
    pgring.configure(settings={**at_rest, **changes[kind]}, databases=databases,
                     extra="nonsense\n" if round_number % 25 == 24 else "")
    return kind == 4


def unanswered_since(pgring, begun):
    """Clients that have had no answer since that time, to the second."""
    return [row for row in console(pgring, "SHOW CLIENTS")
            if row["state"] in ("active", "waiting") and row["request_time"][:19] < begun]


def test_fifty_reloads_under_two_hundred_busy_clients(make_pgring, cluster, tmp_path):
    cluster.execute("create table if not exists reload_load (client int); truncate reload_load")
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    pgring = make_pgring(start=False)
    change(pgring, 0)
    pgring.start()
    first_worker = titled(pgring, "pgringd: worker 1")
    seconds = 300  # longer than the reloads take anywhere
    loads = [pgbench(pgring, 120, seconds, str(script), "prepared"),
             pgbench(pgring, 70, seconds, str(script), "simple"),
             pgbench(pgring, 10, seconds, str(script), "extended", dbname="sessions")]
    try:
        wait_until(lambda: len(console(pgring, "SHOW CLIENTS")) > 200, "200 clients are connected", 20)
        with Newcomers(pgring) as newcomers:
            for round_number in range(1, 51):
                refused = change(pgring, round_number)
                answer = reload_as_it_is(pgring)
                assert answer.startswith("reload failed" if refused else "reloaded"), answer
                assert all(load.poll() is None for load in loads), [load.communicate() for load in loads
                                                                    if load.poll() is not None]
        assert not newcomers.errors and newcomers.served
        assert len(console(pgring, "SHOW CLIENTS")) > 200
        begun = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        wait_until(lambda: not unanswered_since(pgring, begun),
                   lambda: "no client is forgotten: %s" % unanswered_since(pgring, begun), 20)
    finally:
        for load in loads:
            load.terminate()
        said = "".join(load.communicate()[0] for load in loads)
    assert not re.search("error|abort|FATAL", said, re.IGNORECASE), said
    change(pgring, 1)
    reload(pgring, settings={**pgring.settings, "worker_processes": 2})
    wait_until(lambda: len(pgring.workers()) == 2, "two workers are left")
    assert pgring.titled("pgringd: worker 1") == first_worker
    assert not re.search("was killed by signal|exited with status", pgring.log())


# Signals


def test_usr1_pauses_and_usr2_resumes(daemon):
    with daemon.connect() as client:
        client.execute("select 1")
        daemon.send_signal(signal.SIGUSR1)
        daemon.wait_log("PAUSE: no new query is started")
        waiter = threading.Thread(target=client.execute, args=["select 2"])
        waiter.start()
        wait_until(lambda: [row for row in console(daemon, "SHOW POOLS")
                            if row["database"] == "test" and row["cl_waiting"] == 1], "the client waits")
        daemon.send_signal(signal.SIGUSR2)
        waiter.join(10)
        assert not waiter.is_alive()
    daemon.wait_log("RESUME")


def test_signals_while_shutting_down(daemon):
    with daemon.connect(autocommit=False) as client:
        client.execute("select 1")
        daemon.send_signal(signal.SIGINT)
        daemon.wait_log("waiting for running transactions to end")
        daemon.send_signal(signal.SIGUSR2)
        daemon.wait_log("RESUME is not heard any more")
        assert reload(daemon, settings={**daemon.settings, "worker_processes": 3}).startswith("reloaded")
        assert client.execute("select 'still served'").fetchone() == ("still served",)
        assert daemon.process.poll() is None
        client.commit()
        assert daemon.wait_end() == 0
