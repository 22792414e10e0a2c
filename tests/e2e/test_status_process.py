"""The status process: its page, its life, and what its HTTP clients may do to it."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest

from support.browser import browse
from support.process import free_port, is_running, memory_of, open_files_of, run_as, wait_until
from support.status import get, status_process, values, with_metrics
from support.wire import Wire


@pytest.fixture
def server(make_pgring):
    return with_metrics(make_pgring)


def raw(port, payload=b"", timeout=10):
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    connection.sendall(payload)
    return connection


def read_all(connection):
    """What came until the server closed; a reset counts as closing."""
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def test_the_page_draws_itself(server):
    server.query("select 1", user="postgres")
    wait_until(lambda: len(json.loads(get(server.metrics, "/status.json").text)["queries"]) >= 2, "two steps")
    page = get(server.metrics, "/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//|@import|url\(""", page.text)
    picture = os.path.join("/tmp", "pgring-page-%d.png" % server.metrics)
    try:
        document = browse("http://127.0.0.1:%d/" % server.metrics, "--dump-dom", "--screenshot=" + picture)
        assert os.path.getsize(picture) > 20000
    finally:
        os.path.exists(picture) and os.unlink(picture)
    assert 'data-drawn="' in document and '<p id="state" class="badge good" role="status">ready</p>' in document
    assert len(re.findall(r"<polyline [^>]*points=", document)) >= 8
    pools = re.search(r'<table id="pools">(.*?)</table>', document, re.DOTALL).group(1)
    assert ">test</td>" in pools and ">postgres</td>" in pools and ">transaction</td>" in pools
    assert str(server.workers()[0]) in re.search(r'<table id="workers">(.*?)</table>', document, re.DOTALL).group(1)


def test_a_name_cannot_become_html(make_pgring, cluster):
    server = with_metrics(make_pgring, databases={"*": "host=%s port=%d dbname=test user=postgres" %
                                                  (cluster.directory, cluster.port)})
    name = "<img src=x onerror=document.title='caught'>"
    with Wire(server.port) as wire:
        wire.login(database=name)
        wire.ask("select 1")
    document = browse("http://127.0.0.1:%d/" % server.metrics, "--dump-dom")
    assert "&lt;img src=x" in document and "<title>pgring</title>" in document and "<img" not in document


def test_kill_9_is_noticed_by_nobody(server):
    with server.connect() as client:
        for attempt in range(3):
            first = wait_until(lambda: status_process(server), "it runs")
            os.kill(first, signal.SIGKILL)
            assert client.execute("select 1").fetchone() == (1,)
            assert get(server.metrics, "/healthz").status == 200  # waited in the backlog
            assert wait_until(lambda: status_process(server), "it runs again") != first
            wait_until(lambda: values(server.metrics)[("pgring_status_restarts_total",)] == attempt + 1, "counted")
    server.wait_log(r"status process \(pid \d+\) was killed by signal 9")


def test_it_leaves_with_its_master(server):
    os.kill(server.process.pid, signal.SIGKILL)
    server.wait_end()
    wait_until(lambda: not server.processes(), "all have left")
    server.start()
    assert get(server.metrics, "/healthz").status == 200


def test_signals_of_a_terminal_are_not_for_it(server):
    pid = status_process(server)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT):
        os.kill(pid, number)
    assert get(server.metrics, "/healthz").status == 200 and status_process(server) == pid


def test_a_port_in_use_is_named_at_start(server, make_pgring):
    other = make_pgring(start=False, settings={"metrics_listen": server.metrics})
    done = subprocess.run([other.program, other.config_path], capture_output=True, text=True, timeout=20,
                          check=False, cwd=other.directory, **run_as())
    assert done.returncode == 1
    assert "metrics_listen: cannot bind to 127.0.0.1:%d: Address already in use" % server.metrics in done.stderr


def test_reload_moves_removes_and_brings_it_back(server):
    first, second = server.metrics, free_port()
    listening = [pid for pid in server.processes() if listens(pid, first)]
    assert sorted(listening) == sorted([server.process.pid, status_process(server)])
    server.configure(settings={"metrics_listen": "[::1]:%d" % second})
    server.reload()
    wait_until(lambda: reachable(second, "::1"), "it has moved")
    wait_until(lambda: not reachable(first), "nobody listens there any more")
    # The same port on more addresses is no conflict with oneself.
    server.configure(settings={"metrics_listen": "*:%d" % second})
    server.reload()
    wait_until(lambda: reachable(second), "it listens everywhere")
    assert get(second, "/healthz").status == 200
    server.configure(settings={"metrics_listen": ""})
    server.reload()
    wait_until(lambda: not server.titled("pgringd: status"), "it has left")
    wait_until(lambda: not reachable(second), "nobody listens")
    server.configure(settings={"metrics_listen": first})
    server.reload()
    wait_until(lambda: reachable(first), "it is back")
    assert get(first, "/healthz").status == 200
    assert values(first)[("pgring_status_restarts_total",)] == 0


def listens(pid, port):
    """Whether the process has a socket at this local IPv4 port open that listens."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    inodes = {"socket:[%s]" % row[9] for row in rows if row[1].endswith(":%04X" % port) and row[3] == "0A"}
    folder = "/proc/%d/fd" % pid
    return any(os.readlink(os.path.join(folder, name)) in inodes for name in os.listdir(folder))


def reachable(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


def test_a_reload_to_a_taken_port_changes_nothing(server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server.configure(settings={"metrics_listen": port, "max_client_conn": 77})
        server.reload()
        server.wait_log(r"metrics_listen: cannot bind to 127\.0\.0\.1:%d" % port)
    wait_until(lambda: get(server.metrics, "/healthz").status == 200, "the old one serves")
    assert values(server.metrics)[("pgring_max_clients",)] == 100


GARBAGE = [b"\0" * 100, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 200,
           b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
           b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"\r\n" * 3000,
           b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n",
           b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"]


def test_garbage_is_refused(server):
    pid = status_process(server)
    for payload in GARBAGE:
        with raw(server.metrics, payload) as connection:
            received = read_all(connection)
            assert received == b"" or received.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 405 ")), payload[:40]
    with raw(server.metrics, b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
        assert b"Allow: GET, HEAD" in read_all(connection)
    with raw(server.metrics, b"HEAD /metrics HTTP/1.0\r\n\r\n") as connection:
        head = read_all(connection)
        assert b" 200 OK" in head and head.endswith(b"\r\n\r\n")
    assert get(server.metrics, "/nothing").status == 404
    assert status_process(server) == pid and get(server.metrics, "/healthz").status == 200


def test_one_connection_serves_many_requests(server):
    with raw(server.metrics) as connection:
        connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n" * 20 +
                           b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert read_all(connection).count(b"HTTP/1.1 200 OK") == 21


def test_slow_clients_keep_nobody_out(server):
    """More silent and half-spoken connections than there are places, and readers which never read."""
    pid = status_process(server)
    before = memory_of([pid])
    held = []
    try:
        for number in range(300):
            held.append(raw(server.metrics, (b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
                            [number % 3]))
            if number % 50 == 49:
                assert get(server.metrics, "/healthz").status == 200
        assert get(server.metrics, "/metrics").text.startswith("# HELP")
        assert open_files_of(pid) < 64 + 150
        assert memory_of([pid]) - before < 16 << 20
        assert status_process(server) == pid
        assert server.query("select 1") == [(1,)]
        # Whoever does not finish a request is not waited for.
        late = raw(server.metrics, b"GET / HTTP/1.1\r\n")
        held.append(late)
        assert read_all(late) == b""
    finally:
        for connection in held:
            connection.close()
    assert is_running(pid)
