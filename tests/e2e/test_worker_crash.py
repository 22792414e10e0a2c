"""SIGKILL of a worker touches what it held, in the way the manual says, and nothing else."""

import os
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from support.cluster import server_program
from support.process import wait_until
from support.wire import Wire, data_row, kinds, query

LONG_READ = ("select count(*) from pgbench_accounts a, pgbench_accounts b"
             " where a.aid %% 100 = b.aid %% 100 and a.aid < 20000 and b.aid < 20000 and %d = %d")


@pytest.fixture
def crashing(bench_cluster, make_pgring):
    """Over TCP, so that a backend's worker can be found by its port."""
    pgring = make_pgring(start=False)
    pgring.configure(databases={"*": "host=127.0.0.1 port=%d" % bench_cluster.port})
    return pgring.start()


@pytest.fixture
def threads():
    with ThreadPoolExecutor(4) as pool:
        yield pool


def sockets_by_port(server_port):
    """{local TCP port: inode of its socket} of the connections to a server here; elsewhere the same
    ports may be taken."""
    with open("/proc/net/tcp", encoding="utf-8") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    ports = [tuple(int(row[at].split(":")[1], 16) for at in (1, 2)) for row in rows]
    return {local: row[9] for (local, remote), row in zip(ports, rows)
            if remote == server_port and row[3] == "01"}


def worker_of(pgring, backend):
    """The worker that owns the connection to this backend."""
    port = pgring.cluster.query("select client_port from pg_stat_activity where pid = %d" % backend,
                                dbname="postgres")[0][0]
    link = "socket:[%s]" % sockets_by_port(pgring.cluster.port)[port]
    for pid in pgring.workers():
        for descriptor in os.listdir("/proc/%d/fd" % pid):
            if os.readlink("/proc/%d/fd/%s" % (pid, descriptor)) == link:
                return pid
    raise AssertionError("no worker owns the connection to backend %d" % backend)


def running_backend(pgring, text):
    rows = wait_until(lambda: pgring.cluster.backends(
        "bench", "state = 'active' and query like '%%%s%%'" % text), text + " runs")
    return rows[0][0]


def kill(pgring, worker):
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: worker not in pgring.workers() and len(pgring.workers()) == 2,
               "a new worker takes the dead one's place")


def test_idle_clients_do_not_notice(crashing):
    clients = [crashing.connect("bench") for _ in range(10)]
    for client in clients:
        client.execute("select 1")
    for worker in crashing.workers():
        kill(crashing, worker)
    for number, client in enumerate(clients):
        assert client.execute("select %s::int", (number,)).fetchone() == (number,)
        client.close()
    crashing.wait_log("worker .*signal 9|killed")


def test_a_read_is_run_again_elsewhere(crashing, threads):
    with crashing.connect("bench", prepare_threshold=None) as client:
        sql = LONG_READ % (81, 81)
        expected = crashing.cluster.query(sql, dbname="bench")[0]
        running = threads.submit(lambda: client.execute(sql).fetchone())
        kill(crashing, worker_of(crashing, running_backend(crashing, "81 = 81")))
        assert running.result(30) == expected
        assert client.execute("select 'still here'").fetchone() == ("still here",)


def pipes_of(pid):
    links = [os.readlink(entry.path) for entry in os.scandir("/proc/%d/fd" % pid)]
    return len([link for link in links if link.startswith("pipe:")])


def test_a_new_worker_has_nothing_of_a_result_that_waits_for_its_client(crashing):
    """What a socket does not take waits in a pipe of the master's."""
    rows, size, master = 1000, 60000, crashing.process.pid
    before = pipes_of(master)
    with Wire(crashing.port) as client:
        client.login(database="bench")
        client.send(query("select repeat('y', %d) from generate_series(1, %d)" % (size, rows)))
        wait_until(lambda: pipes_of(master) > before, "the client's socket is full")
        busy = worker_of(crashing, running_backend(crashing, "generate_series(1, %d)" % rows))
        other = next(pid for pid in crashing.workers() if pid != busy)
        told = pipes_of(other)
        kill(crashing, other)
        assert [pipes_of(pid) for pid in crashing.workers()] == [told, told]
        messages = client.read_until()
        assert kinds(messages) == b"T" + rows * b"D" + b"CZ"
        assert {data_row(body)[0] for kind, body in messages if kind == b"D"} == {size * "y"}


def test_what_may_have_run_is_reported_as_unknown(crashing, threads):
    with crashing.connect("bench") as client:
        running = threads.submit(client.execute, "select pg_sleep(33)")
        kill(crashing, worker_of(crashing, running_backend(crashing, "pg_sleep(33)")))
        with pytest.raises(psycopg.errors.TransactionResolutionUnknown):
            running.result(10)
        assert client.execute("select 'still here'").fetchone() == ("still here",)


def test_the_orphaned_backend_is_cancelled(crashing, threads):
    with crashing.connect("bench") as client:
        running = threads.submit(client.execute, "select pg_sleep(34)")
        backend = running_backend(crashing, "pg_sleep(34)")
        kill(crashing, worker_of(crashing, backend))
        wait_until(lambda: not crashing.cluster.backends("bench", "query like '%pg_sleep(34)%'"),
                   "the backend of the dead worker ends")
        with pytest.raises(psycopg.Error):
            running.result(10)


def test_a_linked_client_loses_its_connection_and_its_transaction(crashing):
    crashing.cluster.execute("drop table if exists crashed; create table crashed (a int)",
                           dbname="bench")
    with crashing.connect("bench", autocommit=False) as linked, crashing.connect("bench") as other:
        linked.execute("insert into crashed values (1)")
        backend = linked.execute("select pg_backend_pid()").fetchone()[0]
        kill(crashing, worker_of(crashing, backend))
        with pytest.raises(psycopg.OperationalError) as caught:
            linked.execute("insert into crashed values (2)")
        assert caught.value.sqlstate in ("08006", None), caught.value
        assert linked.closed
        assert other.execute("select count(*) from crashed").fetchone() == (0,)


def test_a_client_whose_answer_has_begun_is_closed(crashing, threads):
    """Half of a result must never be followed by another one."""
    with crashing.connect("bench") as client:
        rows = client.cursor().stream("select a, pg_sleep(0.0001) from generate_series(1, 100000) a")
        assert next(rows)[0] == 1
        kill(crashing, worker_of(crashing, running_backend(crashing, "generate_series(1, 100000)")))
        with pytest.raises(psycopg.OperationalError):
            assert [row[0] for row in rows] == list(range(2, 100001))
        assert client.closed


@pytest.mark.parametrize("script", [["-S"], []])
def test_pgbench_goes_on(crashing, script):
    crashing.configure(settings={"default_pool_size": 8})
    crashing.stop()
    crashing.start()
    bench = subprocess.Popen([server_program("pgbench"), "-n", "-c", "32", "-j", "2", "-T", "5", *script],
                             env=crashing.environment(dbname="bench"), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # Short reads are lined up on few connections.
    wait_until(lambda: len(crashing.cluster.backends("bench", "query <> ''")) >= 2, "some are busy")
    kill(crashing, crashing.workers()[0])
    output, errors = bench.communicate(timeout=30)
    aborted = len(re.findall(r"client \d+ (?:script \d+ )?aborted", errors))
    assert aborted <= 8, errors
    assert int(re.search(r"actually processed: (\d+)", output).group(1)) > 100
    assert all(re.search("terminat|closed|unknown|lost|worker|aborted|Run was", line)
               for line in errors.splitlines() if "error" in line.lower()), errors
    assert crashing.query("select 1", dbname="bench") == [(1,)]


def test_a_worker_that_dies_again_and_again_is_replaced_each_time(crashing):
    for _ in range(4):
        kill(crashing, crashing.workers()[0])
    assert crashing.query("select 1", dbname="bench") == [(1,)]
