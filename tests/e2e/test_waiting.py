"""Clients that wait: in order, not for ever, and through the loss of the database."""

import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from support.process import wait_until


def test_query_wait_timeout_ends_the_waiting(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1, "query_wait_timeout": 1})
    with pgring.connect() as waiting, pgring.connect(autocommit=False) as holder:
        holder.execute("select 1")
        started = time.monotonic()
        with pytest.raises(psycopg.Error, match="query_wait_timeout"):
            waiting.execute("select 2")
        assert 0.9 < time.monotonic() - started < 5
        assert holder.execute("select 3").fetchone() == (3,)
    pgring.wait_log("query_wait_timeout")


def test_waiting_clients_are_served_when_the_connection_is_free(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    with ThreadPoolExecutor(10) as pool, pgring.connect(autocommit=False) as holder:
        holder.execute("select 1")
        waiting = [pool.submit(pgring.query, "select %d" % number) for number in range(10)]
        with pytest.raises(TimeoutError):
            waiting[0].result(timeout=0.3)
        holder.commit()
        assert [future.result(10) for future in waiting] == [[(number,)] for number in range(10)]


def test_clients_wait_for_a_database_which_comes_back(make_pgring, own_cluster):
    pgring = make_pgring(of=own_cluster, settings={"server_login_retry": 1})
    with pgring.connect() as client, ThreadPoolExecutor(1) as pool:
        assert client.execute("select 1").fetchone() == (1,)
        own_cluster.stop()
        waiting = pool.submit(lambda: client.execute("select 2").fetchone())
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        own_cluster.start()
        assert waiting.result(20) == (2,)


def test_a_new_client_waits_for_a_database_that_is_not_there_yet(make_pgring, own_cluster):
    own_cluster.stop()
    pgring = make_pgring(of=own_cluster, settings={"server_login_retry": 1})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pgring.query, "select 1")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        own_cluster.start()
        assert waiting.result(20) == [(1,)]


def test_a_database_that_stays_away_is_reported_in_time(make_pgring, own_cluster):
    own_cluster.stop()
    pgring = make_pgring(of=own_cluster, settings={"server_login_retry": 1, "query_wait_timeout": 2})
    started = time.monotonic()
    with pytest.raises(psycopg.OperationalError):
        pgring.query("select 1")
    assert time.monotonic() - started < 8
    pgring.wait_log("connect|connection")


def test_a_server_that_never_answers_is_given_up(make_pgring):
    """It accepts, as a hung host or a firewall may, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        pgring = make_pgring(databases={"test": "host=127.0.0.1 port=%d" % hole.getsockname()[1]},
                             settings={"server_connect_timeout": 1, "query_wait_timeout": 2})
        with pytest.raises(psycopg.OperationalError, match="query_wait_timeout"):
            pgring.query("select 1")
        pgring.wait_log("server_connect_timeout")


def test_a_connect_query_that_fails_is_reported_and_not_tried_in_a_storm(make_pgring):
    pgring = make_pgring(start=False, settings={"server_login_retry": 1})
    pgring.configure(databases={"test": "host=%s port=%d connect_query='select no_such_column'" %
                                (pgring.cluster.directory, pgring.cluster.port)})
    pgring.start()
    for _ in range(4):
        with pytest.raises(psycopg.Error, match="connect_query failed.*no_such_column"):
            pgring.query("select 1")
    assert len(re.findall("connect_query failed", pgring.log())) < 20


def test_a_crash_of_the_database_ends_what_ran_and_nothing_else(make_pgring, own_cluster):
    pgring = make_pgring(of=own_cluster, settings={"server_login_retry": 1})
    with pgring.connect() as idle, pgring.connect() as running, ThreadPoolExecutor(1) as pool:
        assert idle.execute("select 1").fetchone() == (1,)
        lost = pool.submit(running.execute, "select pg_sleep(60)")
        wait_until(lambda: own_cluster.backends(where="query like '%pg_sleep(60)%'"), "it runs")
        own_cluster.crash()
        with pytest.raises(psycopg.OperationalError):
            lost.result(10)
        own_cluster.start()
        assert idle.execute("select 2").fetchone() == (2,)
    assert pgring.query("select 3") == [(3,)]


def test_terminated_backends_are_replaced(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 3})
    with pgring.connect(user="alice") as client:
        for _ in range(5):
            assert client.execute("select 1").fetchone() == (1,)
            pgring.cluster.query("select pg_terminate_backend(pid) from pg_stat_activity"
                                 " where usename = 'alice'", dbname="postgres")
            wait_until(lambda: not pgring.cluster.backends(where="usename = 'alice'"),
                       "the terminated backend is gone")
        assert client.execute("select 2").fetchone() == (2,)


def test_a_terminated_backend_ends_its_transaction_with_a_clear_error(pgring):
    with pgring.connect(autocommit=False) as client, pgring.connect() as other:
        backend = client.execute("select pg_backend_pid()").fetchone()[0]
        pgring.cluster.query("select pg_terminate_backend(%d)" % backend, dbname="postgres")
        with pytest.raises(psycopg.OperationalError):
            client.execute("select 1")
        assert other.execute("select 2").fetchone() == (2,)
