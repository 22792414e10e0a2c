"""Whether short statements line up behind each other or are spread over the connections, and what the
console and the metrics tell of it."""

import os
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.crowd import SCHEMA, Crowd, console
from support.process import free_port, wait_until
from support.wire import Wire, kinds, query

CORES = len(os.sched_getaffinity(0))
POOL = max(2, CORES) + 2  # some are idle when enough are busy
SHORT = 1000  # microseconds


@pytest.fixture
def start(make_pgring, cluster):
    """start(workers) has all its connections open already."""
    cluster.execute(SCHEMA)

    def begin(workers):
        pgring = make_pgring(settings={
            "default_pool_size": POOL, "min_pool_size": POOL, "pipeline_depth": 8,
            "worker_processes": workers, "metrics_listen": free_port(), "admin_users": "postgres"})
        pgring.query("select 1")
        wait_until(lambda: lane(pgring)["idle"] == POOL, "every connection is open")
        return pgring

    return begin


def lane(pgring):
    return next(lane for lane in console(pgring, "SHOW LANES") if lane["database"] == "test")


def naps(pgring):
    return sum(worker["naps"] for worker in console(pgring, "SHOW WORKERS"))


def metric(pgring, name, database="test"):
    """{worker or None: value} for the lane of this database, or for none."""
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % pgring.settings["metrics_listen"]) as page:
        families = list(text_string_to_metric_families(page.read().decode()))
    return {sample.labels.get("worker"): sample.value for family in families for sample in family.samples
            if sample.name == name and sample.labels.get("database") == database}


def test_answers_are_left_to_gather_while_lines_are_long(make_pgring, cluster):
    """A worker whose connections all have much to do looks at them less often."""
    cluster.execute(SCHEMA)
    pgring = make_pgring(settings={"default_pool_size": 1, "worker_processes": 1, "pipeline_depth": 32,
                                   "metrics_listen": free_port(), "admin_users": "postgres"})
    alone, crowd = Crowd(pgring, size=4), Crowd(pgring, size=64)
    alone.run(50)
    assert naps(pgring) == 0, "a short line is looked after"
    wait_until(lambda: crowd.run(5) or naps(pgring) > 10, "a long one is left alone for a moment")
    told = naps(pgring)
    wait_until(lambda: metric(pgring, "pgring_worker_naps_total", None) == {"1": told},
               "the metrics have followed")


def test_long_answers_are_not_left_to_gather(make_pgring, cluster):
    """A backend whose socket is full waits for the worker: the line behind it would wait as well."""
    cluster.execute(SCHEMA)
    pgring = make_pgring(settings={"default_pool_size": 1, "worker_processes": 1, "pipeline_depth": 32,
                                   "admin_users": "postgres"})
    clients = [Wire(pgring.port) for _ in range(64)]
    for wire in clients:
        wire.login()

    def turn():
        for wire in clients:
            wire.send(query("select repeat('x', 100000)"))
        for wire in clients:
            assert kinds(wire.read_until()) == b"TDCZ"

    turn()
    told = naps(pgring)
    for _ in range(5):
        turn()
    assert naps(pgring) == told
    assert console(pgring, "SHOW WORKERS")[0]["tasks_pipelined"] > 300, "they stood in line"


def test_short_statements_are_gathered_and_long_ones_spread(start):
    pgring = start(workers=1)
    crowd = Crowd(pgring)
    wait_until(lambda: crowd.run(5) or lane(pgring)["gathered"] > 100,
               "short statements line up though others are idle")
    told = lane(pgring)
    assert told["gathering"] == max(2, CORES) and 0 < told["service_us"] < SHORT, told
    assert told["line_limit"] == 8, "pipeline_depth"
    assert metric(pgring, "pgring_lane_line_limit") == {"1": 8}
    wait_until(lambda: metric(pgring, "pgring_lane_gathered_total") == {None: told["gathered"]},
               "the metrics have followed")
    assert metric(pgring, "pgring_lane_gathering") == {"1": max(2, CORES)}
    assert metric(pgring, "pgring_lane_service_seconds")["1"] < SHORT / 1e6
    with Wire(pgring.port) as slow:
        slow.login()
        for _ in range(20):
            slow.send(query("select pg_sleep(0.02)"))
            slow.read_until()
        told = lane(pgring)
        assert told["gathering"] == 0 and told["service_us"] > SHORT, told
        wait_until(lambda: metric(pgring, "pgring_lane_gathering") == {"1": 0},
                   "the metrics have followed")
        assert metric(pgring, "pgring_lane_service_seconds")["1"] > SHORT / 1e6
        crowd.run()  # too few to bring the average down again
        assert lane(pgring)["gathered"] == told["gathered"]
    wait_until(lambda: crowd.run(5) or lane(pgring)["gathered"] > told["gathered"],
               "statements are short again")
    crowd.close()


def test_a_reload_divides_the_cores_anew(start):
    pgring = start(workers=4)

    def cores_of_a_worker():
        return set(metric(pgring, "pgring_lane_gathering").values())

    wait_until(lambda: cores_of_a_worker() == {max(2, CORES // 4)}, "a quarter for each")
    pgring.configure(settings={**pgring.settings, "worker_processes": 1})
    pgring.reload()
    wait_until(lambda: pgring.query("select 1") and cores_of_a_worker() == {max(2, CORES)},
               "all for the one that is left")
    wait_until(lambda: len(pgring.workers()) == 1, "the others have left")
