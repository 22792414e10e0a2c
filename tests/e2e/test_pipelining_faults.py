"""What dies while statements of many clients stand in line: connections, workers, clients. What only
reads is run again, and everybody gets their own answer."""

import os
import select
import signal

import pytest

from support.crowd import SCHEMA, Crowd, console, pipelined, run_in_line
from support.process import wait_until
from support.wire import Wire, error_fields, kinds, query

SHAPES = [(1, 8), (2, 256)]


@pytest.fixture(scope="module")
def tables(cluster):
    cluster.execute(SCHEMA)
    return cluster


@pytest.fixture(params=SHAPES)
def line(request, make_pgring, tables):
    """(pgring, crowd, front): what `front` sends keeps the crowd in line behind it for a while."""
    pool_size, depth = request.param
    pgring = make_pgring(settings={"default_pool_size": pool_size, "pipeline_depth": depth,
                                   "pipeline_stall": "100ms", "worker_processes": 1,
                                   "admin_users": "postgres"})
    crowd = Crowd(pgring)
    with Wire(pgring.port) as front:
        front.login()
        run_in_line(pgring, crowd)
        yield pgring, crowd, front
        run_in_line(pgring, crowd)
        crowd.close()


def form(pgring, crowd, front, sql="select * from line_sleeper"):
    """Returns once the front one runs and everybody's statement stands in line behind it."""
    running = "state = 'active' and query like '%s%%'" % sql[:20].replace("'", "''")

    def formed():
        run_in_line(pgring, crowd)  # after a long one, statements stand apart for a while
        before = pipelined(pgring)
        front.send(query(sql))
        wait_until(lambda: pgring.cluster.backends(where=running), "the front one runs")
        crowd.send()
        in_line = lambda: pipelined(pgring) > before
        wait_until(lambda: in_line() or select.select([front.socket], [], [], 0)[0], "it has an end")
        if in_line():
            return True
        crowd.check()
        front.read_until()
        return False

    wait_until(formed, "a line behind it", 30)


def end_backends(pgring):
    pgring.cluster.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'test'"
                         " and backend_type = 'client backend' and pid <> pg_backend_pid()",
                         dbname="postgres")


def test_connections_that_are_terminated(line):
    pgring, crowd, front = line
    for _ in range(3):
        form(pgring, crowd, front)
        end_backends(pgring)
        crowd.check()
        assert kinds(front.read_until()) == b"TDCZ"


def test_a_statement_that_is_the_end_of_its_connection(line):
    """FATAL in the middle of a line; the culprit alone is told."""
    pgring, crowd, _ = line
    for _ in range(3):
        with Wire(pgring.port) as culprit:
            culprit.login()
            crowd.send((culprit, query("select pg_terminate_backend(pg_backend_pid())")))
            crowd.check()
            messages = culprit.read_until()
            assert error_fields(messages[-1][1])["C"] == "57P01", messages
            assert culprit.at_end()


def test_a_write_whose_connection_dies_is_not_run_twice(line):
    pgring, crowd, front = line
    front.send(query("update line_rows set note = note || '+' from line_sleeper where id = 150"))
    wait_until(lambda: pgring.cluster.backends(where="state = 'active' and query like 'update%%'"),
               "the update runs")
    crowd.send()
    end_backends(pgring)
    assert error_fields(front.read_until(b"E")[-1][1])["C"] in ("57P01", "08007")
    crowd.check()
    assert pgring.cluster.query("select note from line_rows where id = 150 and note like '%+'") == []
    front.socket.close()


def test_a_worker_that_is_killed(line):
    pgring, crowd, front = line
    for _ in range(3):
        form(pgring, crowd, front)
        worker = console(pgring, "SHOW WORKERS")[0]["pid"]
        os.kill(worker, signal.SIGKILL)
        crowd.check()
        assert kinds(front.read_until()) == b"TDCZ"


def test_clients_that_vanish(line):
    pgring, crowd, front = line
    form(pgring, crowd, front)
    crowd.leave(len(crowd.clients) // 2)
    crowd.check()
    assert kinds(front.read_until()) == b"TDCZ"
    with Wire(pgring.port) as gone:
        gone.login()
        form(pgring, crowd, gone, "select slept, 'gone' from line_sleeper")
    crowd.check()
