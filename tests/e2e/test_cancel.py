"""A cancel hits the query that its client meant, running or queued, and never a neighbour's."""

import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from support.process import wait_until
from support.proxy import Proxy
from support.wire import CANCEL_REQUEST, Wire, error_fields, kinds, query, request


def runs(cluster, text):
    return cluster.backends(where="state = 'active' and query like '%%%s%%'" % text)


class DeafToCancels(Proxy):
    """Takes cancel requests and never answers them."""

    def __init__(self, port):
        self.cancels = []
        super().__init__(port)

    def takes(self, connection):
        head = connection.recv(8, socket.MSG_PEEK | socket.MSG_WAITALL)
        if struct.unpack("!ii", head)[1] != CANCEL_REQUEST:
            return False
        self.cancels.append(connection)
        return True

    def close(self):
        super().close()
        for connection in self.cancels:
            connection.close()


@pytest.fixture
def deaf(cluster):
    with DeafToCancels(cluster.port) as proxy:
        yield proxy


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_a_running_query_is_cancelled_and_the_client_goes_on(pgring, threads):
    with pgring.connect() as client, pgring.connect() as neighbour:
        running = threads.submit(client.execute, "select pg_sleep(31)")
        other = threads.submit(neighbour.execute, "select pg_sleep(1.5), 'unharmed'")
        wait_until(lambda: runs(pgring.cluster, "pg_sleep(31)"), "the query runs")
        client.cancel()
        with pytest.raises(psycopg.errors.QueryCanceled):
            running.result(5)
        assert client.execute("select 1").fetchone() == (1,)
        assert other.result(10).fetchone()[1] == "unharmed"


def test_a_query_in_a_transaction_is_cancelled(pgring, threads):
    with pgring.connect(autocommit=False) as client:
        client.execute("select 1")
        running = threads.submit(client.execute, "select pg_sleep(32)")
        wait_until(lambda: runs(pgring.cluster, "pg_sleep(32)"), "the query runs")
        client.cancel()
        with pytest.raises(psycopg.errors.QueryCanceled):
            running.result(5)
        client.rollback()
        assert client.execute("select 2").fetchone() == (2,)


def test_a_queued_query_is_cancelled_at_once(make_pgring, threads):
    pgring = make_pgring(settings={"default_pool_size": 1})
    with pgring.connect(autocommit=False) as holder, Wire(pgring.port) as queued:
        holder.execute("select 1")
        greeting = queued.login()
        key = next(payload for kind, payload in greeting if kind == b"K")
        queued.send(query("select 'queued'"))
        with Wire(pgring.port) as canceller:
            started = time.monotonic()
            assert canceller.send(request(CANCEL_REQUEST, key)).at_end()
        messages = queued.read_until()
        assert time.monotonic() - started < 2
        assert kinds(messages) == b"EZ" and error_fields(messages[0][1])["C"] == "57014"
        holder.commit()
        assert queued.ask("select 'next'") == [["next"]]


def test_a_wrong_key_does_nothing(pgring, threads):
    with pgring.connect() as client:
        running = threads.submit(client.execute, "select pg_sleep(0.5), 'done'")
        wait_until(lambda: runs(pgring.cluster, "pg_sleep(0.5)"), "the query runs")
        with Wire(pgring.port) as canceller:
            assert canceller.send(request(CANCEL_REQUEST, struct.pack("!ii", 12345, 67890))).at_end()
        assert running.result(5).fetchone()[1] == "done"


def test_a_cancel_while_idle_hits_nobody(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    with pgring.connect() as client, pgring.connect() as neighbour:
        for number in range(30):
            client.execute("select 1")
            client.cancel()
            assert neighbour.execute("select %s::int, pg_sleep(0.005)",
                                     (number,)).fetchone()[0] == number


def test_a_server_that_does_not_answer_a_cancel_is_waited_for_so_long(make_pgring, deaf, threads):
    """Nobody gets the connection that such a cancel may still hit."""
    pgring = make_pgring(settings={"default_pool_size": 1},
                         databases={"test": "host=127.0.0.1 port=%d sslmode=disable" % deaf.port})
    pgring.configure(settings={**pgring.settings, "cancel_wait_timeout": "300ms"})
    pgring.reload()
    pgring.wait_log("reloaded")
    with pgring.connect() as client:
        first = client.execute("select pg_backend_pid()").fetchone()
        running = threads.submit(client.execute, "select pg_sleep(0.5), 'unharmed'")
        wait_until(lambda: runs(pgring.cluster, "pg_sleep(0.5)"), "the query runs")
        client.cancel()
        wait_until(lambda: deaf.cancels, "the cancel request has come")
        assert running.result(5).fetchone()[1] == "unharmed"
        assert client.execute("select pg_backend_pid()").fetchone() != first
    pgring.wait_log("a cancel request was not answered within cancel_wait_timeout")


def test_cancels_under_load_hit_only_their_own(make_pgring, threads):
    """Half of the clients cancel at random moments; the others must never see it."""
    pgring = make_pgring(settings={"default_pool_size": 3})

    def steady(number):
        with pgring.connect() as client:
            for turn in range(100):
                row = client.execute("select %s::int, %s::int", (number, turn)).fetchone()
                assert row == (number, turn)

    def cancelling(number):
        hit = 0
        with pgring.connect() as client, ThreadPoolExecutor(1) as runner:
            for _ in range(25):
                running = runner.submit(client.execute, "select pg_sleep(0.01), %d" % number)
                client.cancel()
                try:
                    assert running.result(5).fetchone()[1] == number
                except psycopg.errors.QueryCanceled:
                    hit += 1
        return hit

    work = [threads.submit(steady, number) for number in range(4)]
    work += [threads.submit(cancelling, number) for number in range(4)]
    for future in work:
        future.result(30)
