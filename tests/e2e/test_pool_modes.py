"""What pool_mode promises: for how long a client keeps a database connection, and who decides it."""

from contextlib import ExitStack

import psycopg
import pytest

from support.process import wait_until
from support.wire import Wire, data_row, query

BACKEND = "select pg_backend_pid()"


def backend_of(client):
    return client.execute(BACKEND).fetchone()[0]


def target(pgring, more):
    return "host=%s port=%d dbname=test %s" % (pgring.cluster.directory, pgring.cluster.port, more)


def test_transaction_mode_shares_one_connection_between_transactions(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    with pgring.connect() as first, pgring.connect() as second:
        assert backend_of(first) == backend_of(second)
        with first.transaction():
            first.execute("create temp table t (a int) on commit drop")
            first.execute("insert into t values (1)")
            assert first.execute("select count(*) from t").fetchone() == (1,)
        assert second.execute("select to_regclass('pg_temp.t')").fetchone() == (None,)


def test_session_mode_keeps_the_connection_until_the_client_leaves(make_pgring):
    pgring = make_pgring(settings={"pool_mode": "session"})
    with pgring.connect() as first, pgring.connect() as second:
        backends = backend_of(first), backend_of(second)
        assert backends[0] != backends[1]
        first.execute("create temp table kept (a int)")
        first.execute("set work_mem to '3MB'")
        first.execute("prepare p as select 42")
        for _ in range(3):
            assert (backend_of(first), backend_of(second)) == backends
        assert first.execute("execute p").fetchone() == (42,)
        assert first.execute("select count(*) from kept").fetchone() == (0,)


def test_session_mode_never_queues_two_clients_behind_one_connection(make_pgring):
    """Their first reads could share one, were they not the beginnings of two sessions."""
    pgring = make_pgring(settings={"pool_mode": "session", "default_pool_size": 8, "worker_processes": 1})
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(pgring.port)) for _ in range(8)]
        for number, wire in enumerate(wires):
            wire.login(TimeZone="Etc/GMT-%d" % number)
        wires[0].ask("select pg_sleep(0.001)")  # there is a connection, and it is busy now
        for wire in wires:
            wire.send(query("select now()::text"))
        for number, wire in enumerate(wires):
            rows = [data_row(body) for kind, body in wire.read_until() if kind == b"D"]
            assert rows[0][0].endswith("+%02d" % number)
        backends = [wire.ask(BACKEND)[0][0] for wire in wires]
        assert len(set(backends)) == 8


def test_session_mode_resets_the_connection_for_the_next_client(make_pgring):
    pgring = make_pgring(settings={"pool_mode": "session", "default_pool_size": 1})
    with pgring.connect() as first:
        backend = backend_of(first)
        first.execute("create temp table left_over (a int)")
        first.execute("set work_mem to '3MB'")
        first.execute("select pg_advisory_lock(4711)")
    with pgring.connect() as second:
        assert backend_of(second) == backend
        assert second.execute("select to_regclass('left_over')").fetchone() == (None,)
        assert second.execute("show work_mem").fetchone() != ("3MB",)
        assert second.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone() \
            == (0,)


def test_server_reset_query_can_be_chosen(make_pgring):
    pgring = make_pgring(settings={"pool_mode": "session", "default_pool_size": 1,
                                   "server_reset_query": "set work_mem to '5MB'"})
    pgring.connect().close()
    with pgring.connect() as client:
        client.execute("set work_mem to '3MB'")
    with pgring.connect() as client:
        assert client.execute("show work_mem").fetchone() == ("5MB",)


def test_statement_mode_refuses_transactions(make_pgring):
    pgring = make_pgring(settings={"pool_mode": "statement"})
    with pgring.connect() as client:
        assert client.execute("select 1").fetchone() == (1,)
        with pytest.raises(psycopg.Error, match="transaction blocks not allowed in statement pooling"):
            client.execute("begin")
    assert pgring.query("select 2") == [(2,)]
    wait_until(lambda: not pgring.cluster.backends(where="state like 'idle in transaction%'"),
               "no transaction stays open")


def test_a_database_chooses_its_own_mode(make_pgring):
    pgring = make_pgring(start=False)
    pgring.configure(databases={"pooled": target(pgring, "pool_size=1"),
                                "mine": target(pgring, "pool_size=2 pool_mode=session")})
    pgring.start()
    with pgring.connect("pooled") as first, pgring.connect("pooled") as second:
        assert backend_of(first) == backend_of(second)
    with pgring.connect("mine") as first, pgring.connect("mine") as second:
        assert backend_of(first) != backend_of(second)


def test_a_user_chooses_its_own_mode(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 2},
                         users={"alice": "pool_mode=session", "bob": "pool_mode=transaction pool_size=1"})
    with pgring.connect(user="alice") as client:
        client.execute("create temp table hers (a int)")
        assert client.execute("select count(*) from hers").fetchone() == (0,)
        with pgring.connect(user="alice") as other:
            assert backend_of(other) != backend_of(client)
    with pgring.connect(user="bob") as first, pgring.connect(user="bob") as second:
        with first.transaction():
            backend = backend_of(first)
        wait_until(lambda: backend_of(second) == backend, "bob's connection is shared")


def test_a_database_entry_chooses_name_user_and_connect_query(make_pgring):
    pgring = make_pgring(start=False)
    pgring.configure(databases={
        "alias": target(pgring, "user=carol connect_query='set work_mem to ''7MB'''")})
    pgring.start()
    row = pgring.query("select current_database(), current_user, current_setting('work_mem')",
                       dbname="alias", user="alice")
    assert row == [("test", "carol", "7MB")]


def test_users_have_pools_of_their_own(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    with pgring.connect(user="alice") as alice, pgring.connect(user="bob") as bob:
        with alice.transaction():
            assert alice.execute("select current_user").fetchone() == ("alice",)
            assert bob.execute("select current_user").fetchone() == ("bob",)
