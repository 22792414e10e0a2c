"""What the status process tells: metrics, health, readiness."""

import json
import os
import re
import signal
import struct
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus

from support.process import TOP, wait_until
from support.status import get, pool_value, status_process, values, with_metrics
from support.wire import PROTOCOL_3_0, Wire, query

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


@pytest.fixture
def server(make_pgring):
    return with_metrics(make_pgring)


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
    for told in odd, "b\\xffd":
        wait_until(lambda: pool_value(server.metrics, "pgring_queries_total", database=told) == 1,
                   "the name is told")
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
