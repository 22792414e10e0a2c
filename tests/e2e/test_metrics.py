"""The status process: metrics, health checks, the page for people, and its life."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus

from support.browser import browse
from support.process import TOP, free_port, is_running, memory_of, open_files_of, run_as, wait_until
from support.wire import PROTOCOL_3_0, Wire, query

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode()


def get(port, path, host="127.0.0.1", timeout=10, **headers):
    request = urllib.request.Request("http://%s:%d%s" % (host, port, path), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return Answer(response)
    except urllib.error.HTTPError as response:
        return Answer(response)


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


def values(port):
    """{(sample name, label, ...): value} of everything /metrics says."""
    families = parse_prometheus(get(port, "/metrics").text)
    return {(sample.name, *sorted(sample.labels.items())): sample.value
            for family in families for sample in family.samples}


def pool_value(port, name, database="test", user="postgres", **labels):
    labels = {"database": database, "user": user, **labels}
    return values(port).get((name, *sorted(labels.items())))


@pytest.fixture
def server(make_pgring):
    return with_metrics(make_pgring)


def with_metrics(make_pgring, settings=None, **more):
    port = free_port()
    pgring = make_pgring(settings={"metrics_listen": port, **(settings or {})}, **more)
    pgring.metrics = port
    return pgring


def status_process(pgring):
    found = pgring.titled("pgringd: status")
    return found[0] if len(found) == 1 else None


def test_without_the_setting_there_is_no_such_process(pgring):
    assert not pgring.titled("pgringd: status")


def test_both_formats_are_valid_and_tell_the_same(server):
    server.query("select 1")
    older, newer = get(server.metrics, "/metrics"), get(server.metrics, "/metrics", Accept=OPENMETRICS)
    assert older.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert newer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name: family for family in parse_prometheus(older.text)}
    open_families = {family.name: family for family in parse_openmetrics(newer.text)}
    assert len(families) == len(open_families) > 70
    assert open_families["pgring_total_time_seconds"].unit == "seconds"
    assert open_families["pgring_build"].type == "info"
    assert all(family.documentation for family in open_families.values())
    assert {sample.name for family in families.values() for sample in family.samples} == \
        {sample.name for family in open_families.values() for sample in family.samples}


def test_metrics_follow_the_console(server):
    for _ in range(5):
        server.query("select 1")
    with server.connect() as client:
        client.execute("begin")

        def agree():
            stats, pools, lists = (console(server, "show " + what) for what in ("stats", "pools", "lists"))
            row = [row for row in stats if row["database"] == "test"][0]
            pool = [row for row in pools if row["database"] == "test"][0]
            told = values(server.metrics)
            mine = (("database", "test"), ("user", "postgres"))
            state = lambda name, word: told[(name, *mine[:1], ("state", word), *mine[1:])]
            return (told[("pgring_queries_total", *mine)] == int(row["total_query_count"]) > 5 and
                    told[("pgring_transactions_total", *mine)] == int(row["total_xact_count"]) and
                    told[("pgring_sent_bytes_total", *mine)] == int(row["total_sent"]) and
                    told[("pgring_client_logins_total", *mine)] == int(row["total_client_login_count"]) and
                    state("pgring_pool_clients", "active") + state("pgring_pool_clients", "idle") ==
                    pool["cl_active"] == 1 and
                    state("pgring_pool_servers", "active") == pool["sv_active"] == 1 and
                    told[("pgring_pools",)] == lists["pools"] and
                    told[("pgring_databases",)] == lists["databases"])

        wait_until(agree, "metrics say what SHOW says")
        told = values(server.metrics)
        assert told[("pgring_process_pid", ("process", "master"))] == server.process.pid
        assert told[("pgring_process_pid", ("process", "status"))] == status_process(server)
        assert told[("pgring_pool_info", ("database", "test"), ("pool_mode", "transaction"),
                     ("user", "postgres"))] == 1
        assert told[("pgring_total_time_seconds_count", ("database", "test"), ("user", "postgres"))] >= 5
        assert abs(told[("pgring_start_time_seconds",)] - time.time()) < 60


def console(pgring, command):
    """Rows as dictionaries; LISTS as one."""
    with pgring.connect(dbname="pgring", host=pgring.directory, user="pgring") as admin:
        cursor = admin.execute(command)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
    return {row["list"]: row["items"] for row in rows} if command == "show lists" else rows


def test_a_waiting_client_shows(make_pgring):
    server = with_metrics(make_pgring, {"default_pool_size": 1})
    with server.connect() as holder, Wire(server.port) as waiter:
        holder.execute("begin")
        holder.execute("select 1")
        waiter.login()
        waiter.send(query("select 1"))
        wait_until(lambda: pool_value(server.metrics, "pgring_pool_clients", state="waiting") == 1 and
                   pool_value(server.metrics, "pgring_pool_oldest_wait_seconds") > 0.2, "a client waits")
        assert pool_value(server.metrics, "pgring_lane_depth", lane="0") == 1
        holder.execute("commit")
        waiter.read_until()


def test_names_of_any_kind_stay_labels(make_pgring, cluster):
    odd = 'od"d\\na\nme é'
    server = with_metrics(make_pgring, databases={"*": "host=%s port=%d dbname=test user=postgres" %
                                                  (cluster.directory, cluster.port)})
    server.query("select 1", dbname="test")
    with Wire(server.port) as wire:
        wire.login(database=odd)
        wire.ask("select 1")
    with Wire(server.port) as wire:  # no UTF-8
        body = struct.pack("!i", PROTOCOL_3_0) + b"user\0postgres\0database\0b\xffd\0\0"
        wire.send(struct.pack("!i", len(body) + 4) + body).read_until(b"ZE")
        wire.ask("select 1")
    wait_until(lambda: pool_value(server.metrics, "pgring_queries_total", database=odd) == 1, "the name is told")
    assert pool_value(server.metrics, "pgring_queries_total", database="b\\xffd") == 1
    list(parse_openmetrics(get(server.metrics, "/metrics", Accept=OPENMETRICS).text))
    assert odd in [pool["database"] for pool in json.loads(get(server.metrics, "/status.json").text)["pools"]]


def test_health_and_readiness(server):
    assert get(server.metrics, "/healthz").text.startswith("ok\n2 of 2 workers run")
    assert (get(server.metrics, "/readyz").status, get(server.metrics, "/readyz").text) == (200, "ok\n")
    server.send_signal(signal.SIGUSR1)
    paused = wait_until(lambda: (lambda a: a if a.status == 503 else None)(get(server.metrics, "/readyz")), "PAUSE")
    assert paused.text == "all databases are paused\n"
    assert get(server.metrics, "/healthz").status == 200
    server.send_signal(signal.SIGUSR2)
    wait_until(lambda: get(server.metrics, "/readyz").status == 200, "RESUME")
    with server.connect() as client:
        client.execute("select 1")
        server.send_signal(signal.SIGTERM)
        wait_until(lambda: get(server.metrics, "/readyz").text == "shutting down\n", "it says so")
        assert get(server.metrics, "/healthz").status == 200
    assert server.wait_end() == 0


def test_a_hanging_master_is_unhealthy(server):
    server.send_signal(signal.SIGSTOP)
    try:
        answer = wait_until(lambda: (lambda a: a if a.status == 503 else None)(get(server.metrics, "/healthz")),
                            "the silence is noticed")
        assert "no sign of life" in answer.text
        assert get(server.metrics, "/readyz").status == 503
    finally:
        server.send_signal(signal.SIGCONT)
    wait_until(lambda: get(server.metrics, "/healthz").status == 200, "it is healthy again")


def test_not_ready_while_the_database_is_down(make_pgring, own_cluster):
    server = with_metrics(make_pgring, {"query_wait_timeout": 1}, of=own_cluster)
    server.query("select 1")
    own_cluster.stop()
    with server.connect() as client:
        with pytest.raises(Exception):
            client.execute("select 1")
    answer = wait_until(lambda: (lambda a: a if a.status == 503 else None)(get(server.metrics, "/readyz")),
                        "not ready")
    assert answer.text == "no database can be reached\n  test as user postgres: login failed\n"
    assert wait_until(lambda: pool_value(server.metrics, "pgring_pool_up") == 0, "the pool is down")
    assert get(server.metrics, "/healthz").status == 200
    own_cluster.start()
    wait_until(lambda: answers(server), "the database is back")
    wait_until(lambda: get(server.metrics, "/readyz").status == 200, "ready again")


def answers(pgring):
    try:
        return pgring.query("select 1") == [(1,)]
    except Exception:  # whatever the driver says while the database is away
        return False


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


def test_the_dashboard_uses_metrics_that_exist(server):
    server.query("select 1")
    with open(os.path.join(TOP, "etc/grafana/pgring.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    names = set()
    for family in parse_prometheus(get(server.metrics, "/metrics").text):
        names |= {sample.name for sample in family.samples}
        names.add(family.name + "_total" if family.type == "counter" else family.name)
    used = set(re.findall(r"\bpgring_\w+", json.dumps([
        [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])],
        [str(variable.get("query")) for variable in dashboard["templating"]["list"]]])))
    assert len(used) > 25 and used <= names, used - names
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(numbers) == len(set(numbers))
    assert dashboard["title"] == "pgring" and all(panel["title"] for panel in dashboard["panels"])
