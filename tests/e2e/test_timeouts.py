"""What takes too long is ended, with a reason, and with no effect on anyone else."""

import socket
import time

import psycopg
import pytest

from support.process import wait_until


def runs(cluster, text):
    return cluster.backends(where="state = 'active' and query like '%%%s%%'" % text)


def test_query_timeout_cancels_the_query_and_closes_its_client(make_pgring):
    pgring = make_pgring(settings={"query_timeout": "300ms"})
    with pgring.connect() as slow, pgring.connect() as other:
        with pytest.raises(psycopg.Error, match="query_timeout"):
            slow.execute("select pg_sleep(41)")
        assert slow.closed
        wait_until(lambda: not runs(pgring.cluster, "pg_sleep(41)"), "the query is cancelled")
        assert other.execute("select 1").fetchone() == (1,)


def test_a_user_may_have_a_timeout_of_its_own(make_pgring):
    pgring = make_pgring(settings={"query_timeout": "200ms"}, users={"alice": "query_timeout=30"})
    assert pgring.query("select 1 from pg_sleep(0.7)", user="alice") == [(1,)]
    with pytest.raises(psycopg.Error, match="query_timeout"):
        pgring.query("select 1 from pg_sleep(30)", user="bob")


def test_idle_transaction_timeout_ends_the_transaction(make_pgring):
    pgring = make_pgring(settings={"idle_transaction_timeout": "300ms", "default_pool_size": 1})
    with pgring.connect(autocommit=False) as idle:
        idle.execute("create table left_open (a int)")
        # The only connection comes free, and what was open on it is rolled back.
        assert pgring.query("select to_regclass('left_open')") == [(None,)]
        with pytest.raises(psycopg.Error, match="idle_transaction_timeout"):
            idle.execute("select 1")


def test_transaction_timeout_ends_even_a_busy_transaction(make_pgring):
    pgring = make_pgring(settings={"transaction_timeout": "400ms"})
    with pgring.connect(autocommit=False) as busy:
        started = time.monotonic()
        # Its next statement may cross the reason on the way.
        with pytest.raises(psycopg.OperationalError):
            while time.monotonic() - started < 20:
                busy.execute("select pg_sleep(0.01)")
        assert 0.3 < time.monotonic() - started < 10
    pgring.wait_log("transaction_timeout")


def test_client_idle_timeout_closes_idle_clients_only(make_pgring):
    pgring = make_pgring(settings={"client_idle_timeout": "500ms"})
    with pgring.connect() as idle, pgring.connect() as busy:
        started = time.monotonic()
        while time.monotonic() - started < 1.2:
            busy.execute("select 1")
        with pytest.raises(psycopg.Error, match="client_idle_timeout"):
            idle.execute("select 1")


def test_client_login_timeout_closes_whoever_does_not_say_who_it_is(make_pgring):
    pgring = make_pgring(settings={"client_login_timeout": "300ms", "tcp_defer_accept": 0})
    with socket.create_connection(("127.0.0.1", pgring.port), timeout=5) as silent:
        assert b"client_login_timeout" in silent.recv(1000)
