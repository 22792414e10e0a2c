"""Options of TCP sockets, as the kernel has them, of clients and of database connections."""

import contextlib
import ctypes
import os
import socket

import pytest


PIDFD_GETFD = 438  # the number of the system call, the same on every architecture


@contextlib.contextmanager
def sockets_of(pid):
    """Duplicates of the connected TCP sockets of another process."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    with contextlib.ExitStack() as opened:
        process = os.pidfd_open(pid)
        opened.callback(os.close, process)
        found = []
        for entry in os.listdir("/proc/%d/fd" % pid):
            number = call(PIDFD_GETFD, process, int(entry), 0)
            if number < 0:
                continue  # closed meanwhile
            try:
                copy = opened.enter_context(socket.socket(fileno=number))
            except OSError:
                os.close(number)  # no socket
                continue
            with contextlib.suppress(OSError):
                if copy.family == socket.AF_INET and copy.getpeername():
                    found.append(copy)
        yield found


def options_of(pid, level, option):
    with sockets_of(pid) as found:
        return [connection.getsockopt(level, option) for connection in found]


@pytest.fixture
def served(make_pgring, cluster):
    """start(settings) gives the master and the worker of a daemon that has one client and one database
    connection, both over TCP."""
    with contextlib.ExitStack() as connected:
        def start(**settings):
            pgring = make_pgring(settings={"worker_processes": 1, **settings},
                                 databases={"test": "host=127.0.0.1 port=%d" % cluster.port})
            client = connected.enter_context(pgring.connect())
            assert client.execute("select 1").fetchone() == (1,)
            return pgring.process.pid, *pgring.workers()

        yield start


def test_answers_and_statements_do_not_wait_for_more(served):
    for pid in served():
        assert options_of(pid, socket.IPPROTO_TCP, socket.TCP_NODELAY) == [1]


def test_tcp_user_timeout_reaches_clients_and_databases(served):
    for pid in served(tcp_user_timeout=12345):
        assert options_of(pid, socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == [12345]


def test_tcp_socket_buffer_reaches_clients(served):
    master, _ = served(tcp_socket_buffer=65536)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        # Linux doubles it, for what it keeps beside the bytes.
        assert options_of(master, socket.SOL_SOCKET, option) == [2 * 65536]
