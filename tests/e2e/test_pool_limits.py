"""The limits beside pool_size, and how connections are chosen, checked and cleaned."""

import resource
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from support.process import wait_until

PID = "select pg_backend_pid()"


def connections(pgring, where="usename in ('alice', 'bob')"):
    return [backend for dbname in ("test", "other")
            for backend in pgring.cluster.backends(dbname=dbname, where=where)]


@pytest.mark.parametrize("where", ["everywhere", "for one user"])
def test_the_reserve_opens_once_a_client_has_waited_for_its_timeout(make_pgring, where):
    settings = {"default_pool_size": 1, "reserve_pool_timeout": "300ms"}
    users = {}
    if where == "everywhere":
        settings["reserve_pool_size"] = 1
    else:
        users["alice"] = "reserve_pool_size=1"
    pgring = make_pgring(settings=settings, users=users)
    with pgring.connect(user="alice", autocommit=False) as holder:
        holder.execute("select 1")
        started = time.monotonic()
        assert pgring.query("select 2", user="alice") == [(2,)]
        assert time.monotonic() - started > 0.25
        assert len(connections(pgring)) == 2


def test_without_a_reserve_timeout_there_is_no_reserve(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1, "reserve_pool_size": 1,
                                   "reserve_pool_timeout": 0, "query_wait_timeout": 1})
    with pgring.connect(user="alice", autocommit=False) as holder:
        holder.execute("select 1")
        with pytest.raises(psycopg.Error, match="query_wait_timeout"):
            pgring.query("select 2", user="alice")


@pytest.mark.parametrize("limit, second", [("max_db_connections", {"user": "bob"}),
                                           ("max_user_connections", {"dbname": "other"})])
def test_an_idle_connection_of_another_pool_makes_room(make_pgring, limit, second):
    pgring = make_pgring(settings={limit: 1})
    with pgring.connect(**{"user": "alice", **second}) as two, pgring.connect(user="alice") as one:
        for _ in range(3):
            assert one.execute("select 1").fetchone() == (1,)
            assert two.execute("select 2").fetchone() == (2,)
            assert len(connections(pgring)) == 1
        with one.transaction(), ThreadPoolExecutor(1) as pool:
            one.execute("select 1")
            waiting = pool.submit(lambda: two.execute("select 3").fetchone())
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
            one.execute("commit")
            assert waiting.result(10) == (3,)


def test_a_connection_that_was_idle_is_checked_before_its_next_use(make_pgring):
    pgring = make_pgring(settings={"server_check_delay": "100ms", "default_pool_size": 1,
                                   "server_check_query": "select nextval('checks')"})
    pgring.cluster.execute("create sequence checks; grant all on checks to public")
    checks = "select last_value, is_called from checks"
    assert pgring.query(checks) == [(1, False)]
    time.sleep(0.2)
    assert pgring.query(checks) == [(1, True)]
    assert pgring.query(checks) == [(1, True)]
    pgring.cluster.execute("drop sequence checks")


def test_the_default_check_asks_nothing_and_keeps_the_connection(make_pgring):
    pgring = make_pgring(settings={"server_check_delay": 0, "default_pool_size": 1})
    assert len({pgring.query(PID)[0] for _ in range(5)}) == 1
    assert "check_query" not in pgring.log()


@pytest.mark.parametrize("always, seen", [(0, "123kB"), (1, "4MB")])
def test_server_reset_query_always_cleans_in_transaction_mode(make_pgring, always, seen):
    pgring = make_pgring(settings={"server_reset_query_always": always, "default_pool_size": 1})
    with pgring.connect(user="alice") as one, pgring.connect(user="alice") as two:
        one.execute("set work_mem = '123kB'")
        assert two.execute("show work_mem").fetchone() == (seen,)


@pytest.mark.parametrize("round_robin, used", [(0, 1), (1, 3)])
def test_server_round_robin_uses_idle_connections_in_turn(make_pgring, round_robin, used):
    pgring = make_pgring(settings={"server_round_robin": round_robin, "worker_processes": 1})
    clients = [pgring.connect(user="alice", autocommit=False) for _ in range(3)]
    assert len({client.execute(PID).fetchone() for client in clients}) == 3
    for client in clients:
        client.commit()
        client.close()
    wait_until(lambda: len(connections(pgring, "usename = 'alice' and state = 'idle'")) == 3,
               "three connections are idle")
    with pgring.connect(user="alice") as client:
        assert len({client.execute(PID).fetchone() for _ in range(6)}) == used


def test_without_a_lifetime_a_connection_is_used_once(make_pgring):
    pgring = make_pgring(settings={"server_lifetime": 0, "default_pool_size": 1})
    with pgring.connect(user="alice") as client:
        assert len({client.execute(PID).fetchone() for _ in range(4)}) == 4
        with client.transaction():
            assert len({client.execute(PID).fetchone() for _ in range(4)}) == 1


def test_a_second_pgringd_takes_over_a_port_with_so_reuseport(make_pgring):
    old = make_pgring(settings={"so_reuseport": 1})
    with old.connect() as client:
        new = make_pgring(start=False)
        new.port = old.port
        new.configure(settings={"so_reuseport": 1})
        new.start()
        new.wait_log("is ready")  # the old one may have answered
        old.send_signal(signal.SIGTERM)
        old.wait_log("waiting for 1 clients")
        assert [new.query("select %d" % number) for number in range(9)] == [[(n,)] for n in range(9)]
        assert client.execute("select 2").fetchone() == (2,)
    assert old.wait_end() == 0
    assert new.query("select 3") == [(3,)]


def test_a_reload_keeps_what_needs_a_restart_and_says_so(make_pgring):
    pgring = make_pgring(settings={"admin_users": "boss", "max_client_conn": 50})
    pgring.configure(settings={"admin_users": "boss", "max_client_conn": 60, "listen_backlog": 77})
    for _ in range(2):
        before = pgring.log().count("listen_backlog cannot be changed without a restart")
        pgring.reload()
        wait_until(lambda: pgring.log().count("listen_backlog cannot be changed without a restart") >
                   before, "the reload names it")
    with pgring.connect(dbname="pgring", user="boss") as console:
        cursor = psycopg.ClientCursor(console)
        in_force = {row[0]: row[1] for row in cursor.execute("show config").fetchall()}
    assert (in_force["listen_backlog"], in_force["max_client_conn"]) == ("128", "60")


def test_pgringd_uses_all_descriptors_it_may_have(make_pgring):
    pgring = make_pgring(start=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(64, soft), hard))
    try:
        pgring.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with open("/proc/%d/limits" % pgring.process.pid, encoding="ascii") as file:
        limits = next(line.split() for line in file if line.startswith("Max open files"))
    assert limits[3] == limits[4] == str(hard)
