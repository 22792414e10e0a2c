"""The limits on connections hold, over all workers together, and idle connections come and go as told."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from support.process import wait_until


def pool_of(cluster, user="postgres"):
    return cluster.backends(where="usename = '%s'" % user)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_default_pool_size_holds_over_all_workers(make_pgring, workers):
    pgring = make_pgring(settings={"default_pool_size": 5, "worker_processes": workers})
    seen = []

    def client(number):
        with pgring.connect(user="alice") as connection:
            for _ in range(5):
                with connection.transaction():
                    assert connection.execute("select %s::int, pg_sleep(0.002)",
                                              (number,)).fetchone()[0] == number

    with ThreadPoolExecutor(40) as pool:
        running = [pool.submit(client, number) for number in range(40)]
        while not all(future.done() for future in running):
            seen.append(len(pool_of(pgring.cluster, "alice")))
        for future in running:
            future.result()
    assert 1 < max(seen) <= 5


def test_every_connection_of_the_pool_can_be_in_a_transaction_at_once(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 6, "worker_processes": 4})
    clients = [pgring.connect(user="alice", autocommit=False) for _ in range(6)]
    backends = {client.execute("select pg_backend_pid()").fetchone()[0] for client in clients}
    assert len(backends) == 6
    for client in clients:
        client.close()


def test_pool_size_of_a_database_goes_before_the_default(make_pgring):
    pgring = make_pgring(start=False)
    pgring.configure(settings={"default_pool_size": 1, "query_wait_timeout": 2}, databases={
        "test": "host=%s port=%d pool_size=2" % (pgring.cluster.directory, pgring.cluster.port)})
    pgring.start()
    with pgring.connect(autocommit=False) as first, pgring.connect(autocommit=False) as second:
        assert first.execute("select pg_backend_pid()").fetchone() != \
            second.execute("select pg_backend_pid()").fetchone()
        with pgring.connect(autocommit=False) as third, pytest.raises(psycopg.Error):
            third.execute("select 1")


def test_min_pool_size_connections_stand_ready(make_pgring):
    pgring = make_pgring(settings={"min_pool_size": 3})
    pgring.query("select 1", user="alice")
    wait_until(lambda: len(pool_of(pgring.cluster, "alice")) == 3, "three connections stand ready")


def test_idle_connections_are_closed_after_server_idle_timeout(make_pgring):
    pgring = make_pgring(settings={"server_idle_timeout": 1})
    pgring.query("select 1", user="alice")
    assert len(pool_of(pgring.cluster, "alice")) == 1
    wait_until(lambda: not pool_of(pgring.cluster, "alice"), "the idle connection is closed")
    assert pgring.query("select 2", user="alice") == [(2,)]


def test_old_connections_are_replaced_after_server_lifetime(make_pgring):
    pgring = make_pgring(settings={"server_lifetime": 1, "default_pool_size": 1})
    with pgring.connect(user="alice") as client:
        first = client.execute("select pg_backend_pid()").fetchone()
        wait_until(lambda: client.execute("select pg_backend_pid()").fetchone() != first,
                   "the old connection is replaced")
        with client.transaction():
            kept = client.execute("select pg_backend_pid(), pg_sleep(1.5)").fetchone()[0]
            assert client.execute("select pg_backend_pid()").fetchone() == (kept,)


def test_one_client_too_many_is_told_so(make_pgring):
    pgring = make_pgring(settings={"max_client_conn": 3})
    clients = [pgring.connect() for _ in range(3)]
    with pytest.raises(psycopg.OperationalError, match="max_client_conn"):
        pgring.connect()
    pgring.wait_log("max_client_conn")
    assert all(client.execute("select 1").fetchone() == (1,) for client in clients)
    clients.pop().close()
    wait_until(lambda: admitted(pgring), "a client may take the place of one that left")
    for client in clients:
        client.close()


def admitted(pgring):
    try:
        pgring.connect().close()
        return True
    except psycopg.OperationalError:
        return False
