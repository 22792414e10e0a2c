"""What ends a client in the middle of a message is not told to it: it would take the error for the rest of
that message."""

import os
import signal

import pytest
from support.process import wait_until
from support.wire import Wire, query

LENGTH = 50_000_000


def running(cluster):
    return cluster.backends(where=f"query like '%{LENGTH}%' and state = 'active'")


def terminate_backend(pgring, backend):
    pgring.cluster.query("select pg_terminate_backend(%d)" % backend, dbname="postgres")


def kill_worker(pgring, _backend):
    for worker in pgring.workers():
        os.kill(worker, signal.SIGKILL)


def wait_for_timeout(pgring, _backend):
    pgring.wait_log("query_timeout")


@pytest.mark.parametrize("end", [terminate_backend, kill_worker, wait_for_timeout])
def test_the_stream_just_ends(make_pgring, end):
    pgring = make_pgring(settings={"query_timeout": 3 if end is wait_for_timeout else 0})
    with Wire(pgring.port) as client:
        client.login()
        client.send(query(f"select repeat('x', {LENGTH})"))
        received = client.read_raw(100_000)
        (backend,) = running(pgring.cluster)
        end(pgring, backend[0])
        wait_until(lambda: not running(pgring.cluster), "the server does not go on", seconds=5)
        received += b"".join(iter(lambda: client.socket.recv(1 << 20), b""))
    assert received.endswith(b"x")
    assert len(received) < LENGTH
