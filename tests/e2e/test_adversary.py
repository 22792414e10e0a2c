"""Clients and circumstances that mean harm: processes killed and stopped under load, descriptors used up,
readers that never read, messages made to overrun what holds them."""

import os
import re
import signal
import socket
import subprocess
import threading
import time

import psycopg
import pytest

from support.cluster import server_program
from support.process import cpu_seconds_of, memory_of, open_files_of, processes_of, wait_until
from support.wire import (CANCEL_REQUEST, FLUSH, SSL_REQUEST, SYNC, TERMINATE, Wire,
                          bind, data_row, error_fields, execute,
                          kinds, message, only_error, parse, query, request, string)


@pytest.fixture
def unharmed(pgring):
    """A client that must not notice anything, in processes that must all live on."""
    with pgring.connect() as bystander:
        processes = pgring.processes()
        yield pgring
        assert bystander.execute("select 1").fetchone() == (1,)
        assert pgring.processes() == processes


def logged_in(pgring, **parameters):
    wire = Wire(pgring.port)
    assert wire.login(**parameters)[-1][0] == b"Z"
    return wire


# Messages against the reader's buffers

def test_a_named_statement_beyond_what_is_kept_is_refused(unharmed):
    with logged_in(unharmed) as wire:
        wire.send(parse("long", "select 1 --" + "x" * 3_000_000))
        fields = only_error(wire.read_until(b"E"))
        assert fields["C"] == "08P01" and "too long" in fields["M"]
        assert wire.at_end()


@pytest.mark.parametrize("size", [33_000, 400_000, 520_000])
def test_a_long_named_statement_is_kept_however_it_is_cut(unharmed, size):
    statement = parse("long", "select %d --%s" % (size, "x" * size)) + bind("", "long") + execute() + SYNC
    for cut in (1, 5, 6, 9, 100, 32_000):
        with logged_in(unharmed) as wire:
            wire.send(statement[:cut])
            unharmed.query("select 1")  # the daemon has looked at what there is
            wire.send(statement[cut:])
            assert [data_row(row) for kind, row in wire.read_until() if kind == b"D"] == [[str(size)]]


def test_a_long_bind_is_bound_however_it_is_cut(unharmed):
    value = "v" * 200_000
    bound = bind("", "s", [value]) + execute() + SYNC
    for cut in (1, 5, 6, 7, 8, 20, 1000):
        with logged_in(unharmed) as wire:
            wire.send(parse("s", "select length($1::text)"), SYNC).read_until()
            wire.send(bound[:cut])
            unharmed.query("select 1")
            wire.send(bound[cut:])
            assert [data_row(row) for kind, row in wire.read_until() if kind == b"D"] == [["200000"]]


@pytest.mark.parametrize("kind", [b"P", b"B", b"D", b"C"])
def test_a_name_without_an_end_is_refused(unharmed, kind):
    with logged_in(unharmed) as wire:
        wire.send(message(kind, b"S" + b"n" * 2_000_000))
        assert only_error(wire.read_until(b"E"))["C"] == "08P01"


def test_a_refused_client_that_is_still_sending_gets_its_error(unharmed):
    """A socket closed over unread input resets the connection, and the error may be lost with it."""
    with logged_in(unharmed) as wire:
        wire.send(message(b"P", b"n" * 2_000_000)[:40_000])
        assert only_error(wire.read_until(b"E"))["C"] == "08P01"
        for _ in range(100):
            wire.send(b"n" * 20_000)
        assert wire.at_end()


def test_a_unit_shown_early_goes_on_with_named_statements(unharmed):
    """What a Flush has shown to a worker is answered while the rest, which names statements, comes."""
    with logged_in(unharmed) as wire:
        wire.send(parse("", "select pg_sleep(0.3)"), bind("", ""), execute(), FLUSH)
        wire.send(parse("s", "select 7"), bind("", "s"), execute(), SYNC)
        messages = wire.read_until()
        assert kinds(messages) == b"12DC12DCZ"
        assert [data_row(row) for kind, row in messages if kind == b"D"] == [[""], ["7"]]


def test_many_half_messages_hold_up_nobody(make_pgring):
    pgring = make_pgring(settings={"max_client_conn": 300})
    halves = []
    for number in range(200):
        wire = logged_in(pgring)
        wire.send(query("select 1")[:1 + number % 12])
        halves.append(wire)
    assert pgring.query("select 'served'") == [("served",)]
    for wire in halves[::2]:
        wire.socket.close()
    assert pgring.query("select 'served'") == [("served",)]
    for number, wire in list(enumerate(halves))[1::2]:
        wire.send(query("select 1")[1 + number % 12:])
        assert kinds(wire.read_until()) == b"TDCZ"
        wire.socket.close()


@pytest.mark.parametrize("linked", [False, True])
def test_a_copy_that_fails_behind_half_a_message(make_pgring, linked):
    """The worker is told of the failure before it has seen anything of the message under way."""
    pgring = make_pgring(settings={"worker_processes": 1})
    pgring.execute("drop table if exists half_failed; create table half_failed (a int)")
    (worker,) = wait_until(pgring.workers, "the worker bears its title")
    data = message(b"d", b"1\n" * 30_000)
    with logged_in(pgring) as wire:
        if linked:
            wire.ask("begin")
        wire.send(query("copy half_failed from stdin"))
        assert wire.read()[0] == b"G"
        copying = "query like 'copy half_failed%'"
        backend = int(pgring.cluster.backends(where=copying)[0][0])
        os.kill(backend, signal.SIGSTOP)
        wire.send(message(b"d", b"wrong\n"))
        assert pgring.query("select 'the worker has passed it on'")
        os.kill(worker, signal.SIGSTOP)
        try:
            os.kill(backend, signal.SIGCONT)
            wait_until(lambda: pgring.cluster.backends(where=copying + " and state like 'idle%'"),
                       "the copy has failed")
            wire.send(message(b"d", b"1\n"), data[:50_000])
            with Wire(pgring.port) as other:
                assert other.send(request(SSL_REQUEST)).read_raw(1) == b"N"
        finally:
            os.kill(worker, signal.SIGCONT)
        assert only_error(wire.read_until())["C"] == "22P02"
        wire.send(data[50_000:], message(b"c"), query("rollback" if linked else "select 1"))
        assert kinds(wire.read_until()) == (b"CZ" if linked else b"TDCZ")
        assert wire.ask("select count(*) from half_failed") == [["0"]]


# Clients that leave

READ_AT_ONCE = 64 * 1024


@pytest.mark.parametrize("size", [5, 20, READ_AT_ONCE, READ_AT_ONCE + 1, 2 * READ_AT_ONCE])
@pytest.mark.parametrize("how", ["half", "whole"])
def test_a_client_that_ends_together_with_its_last_bytes_is_closed(make_pgring, size, how):
    """The daemon finds the bytes and the end behind them in one look."""
    pgring = make_pgring()
    master = pgring.process.pid
    left = query("select '%s" % ("x" * size))[:size]
    with pgring.connect() as other:
        other.execute("select 1")  # whatever is opened once is open
        before = open_files_of(master)
        wire, half_started = logged_in(pgring), Wire(pgring.port)
        os.kill(master, signal.SIGSTOP)
        try:
            wire.send(left)
            half_started.send(b"\0\0\1")
            for client in (wire, half_started):
                if how == "half":
                    client.socket.shutdown(socket.SHUT_WR)
                else:
                    client.socket.close()
        finally:
            os.kill(master, signal.SIGCONT)
        if how == "half":
            assert wire.at_end() and half_started.at_end()
        wait_until(lambda: open_files_of(master) <= before, "their descriptors are closed")


def test_clients_that_vanish_in_the_middle_of_copy_free_their_connection(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 2, "query_wait_timeout": 20})
    pgring.execute("drop table if exists vanished; create table vanished (a text)")
    for _ in range(12):
        wire = logged_in(pgring)
        wire.send(query("copy vanished from stdin"))
        assert wire.read_until(b"GE")[-1][0] == b"G"
        wire.send(message(b"d", b"x" * 30_000 + b"\n"), message(b"d", b"half")[:7])
        wire.socket.close()
    assert pgring.query("select count(*) from vanished") == [(0,)]
    for _ in range(6):
        wire = logged_in(pgring)
        wire.send(query("copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout"))
        wire.read_until(b"d")
        wire.socket.close()
    assert pgring.query("select count(*) from vanished") == [(0,)]


def test_stalled_readers_of_large_results_cost_bounded_memory(make_pgring):
    # Each on a connection of its own, so that all of them have begun.
    pgring = make_pgring(settings={"default_pool_size": 60, "max_client_conn": 200, "pipeline_depth": 1})
    pgring.query("select 1")
    idle = pgring.memory()
    stalled = []
    for _ in range(50):
        wire = logged_in(pgring)
        wire.send(query("select repeat('x', 1000) from generate_series(1, 100000)"))
        stalled.append(wire)
    for wire in stalled:
        wire.read_until(b"T")
    with pgring.connect() as other:
        for number in range(100):
            assert other.execute("select %s::int", (number,)).fetchone() == (number,)
    assert pgring.memory() - idle < 150 << 20
    for wire in stalled:
        wire.socket.close()
    assert pgring.query("select 1") == [(1,)]


# Cancel

def test_a_cancel_behind_its_own_query_in_a_transaction_is_never_lost(pgring):
    """The request may come while the query is still on its way to the worker."""
    with logged_in(pgring) as wire:
        wire.socket.close()
    for _ in range(30):
        wire = Wire(pgring.port)
        greeting = wire.login()
        key = next(payload for kind, payload in greeting if kind == b"K")
        wire.ask("begin")
        wire.send(query("select pg_sleep(20)"))
        with Wire(pgring.port) as canceller:
            canceller.send(request(CANCEL_REQUEST, key))
            assert canceller.at_end()
        assert only_error(wire.read_until())["C"] == "57014"
        wire.ask("rollback")
        wire.send(TERMINATE)
        wire.socket.close()


# Processes

class Load:
    """pgbench over the daemon until stopped; every error is kept."""

    def __init__(self, pgring, *arguments):
        self.process = subprocess.Popen(
            [server_program("pgbench"), "-n", "-c", "8", "-j", "2", "-T", "50", *arguments],
            env=pgring.environment(dbname="bench"), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def stop(self):
        self.process.terminate()
        return self.process.communicate(timeout=20)


@pytest.fixture
def bench(bench_cluster, make_pgring):
    return make_pgring(of=bench_cluster)


def test_a_stopped_worker_holds_up_only_what_it_has(bench):
    """SIGSTOP is the worst: the worker is not dead, so what it holds cannot be given to others."""
    worker = bench.workers()[0]
    clients = [bench.connect(dbname="bench") for _ in range(6)]
    for client in clients:
        client.execute("select 1")
    os.kill(worker, signal.SIGSTOP)
    try:
        answered = []
        threads = [threading.Thread(target=lambda c=client: answered.append(
            c.execute("select 1").fetchone())) for client in clients]
        for thread in threads:
            thread.daemon = True
            thread.start()
        wait_until(lambda: len(answered) >= 5, "those whom the other worker serves are answered", 15)
    finally:
        os.kill(worker, signal.SIGCONT)
    for thread in threads:
        thread.join(15)
    assert answered == [(1,)] * 6
    for client in clients:
        client.close()


@pytest.mark.parametrize("title", ["pgringd: worker", "pgringd: logger"])
def test_every_helper_process_killed_under_load_is_replaced(bench, title):
    before = wait_until(lambda: bench.titled(title), "the new processes bear their titles")
    load = Load(bench, "-S")
    wait_until(lambda: bench.cluster.backends("bench", "query <> ''"), "the load runs")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda dead=pid: dead not in bench.titled(title) and
                   len(bench.titled(title)) == len(before), "another %s takes its place" % title, 15)
    assert bench.query("select 1", dbname="bench") == [(1,)]
    load.stop()
    assert bench.query("select 2", dbname="bench") == [(2,)]


def test_a_killed_master_takes_all_with_it(bench):
    load = Load(bench, "-S")
    wait_until(lambda: bench.cluster.backends("bench", "query <> ''"), "the load runs")
    bench.expect_death = True
    bench.send_signal(signal.SIGKILL)
    wait_until(lambda: not bench.processes(), "workers and logger leave by themselves", 15)
    load.stop()
    bench.process.wait(10)
    bench.start()
    assert bench.query("select 1", dbname="bench") == [(1,)]


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGQUIT])
def test_what_runs_when_the_daemon_ends_is_cancelled(make_pgring, signal_number):
    pgring = make_pgring()
    with logged_in(pgring) as wire:
        wire.send(query("select pg_sleep(47)"))
        running = "state = 'active' and query = 'select pg_sleep(47)'"
        wait_until(lambda: pgring.cluster.backends(where=running), "the statement runs")
        pgring.send_signal(signal_number)
        pgring.wait_end()
        wait_until(lambda: not pgring.cluster.backends(where=running), "the statement is cancelled")
    wait_until(lambda: not processes_of(pgring.program), "every process has left")


def test_a_database_that_hangs_holds_up_only_its_own_clients(make_pgring, cluster, own_cluster):
    pgring = make_pgring(databases={
        "test": "host=%s port=%d" % (cluster.directory, cluster.port),
        "hung": "host=%s port=%d dbname=test" % (own_cluster.directory, own_cluster.port)})
    with pgring.connect(dbname="hung") as waiting, pgring.connect() as other:
        assert waiting.execute("select 1").fetchone() == (1,)
        backends = [int(row[0]) for row in own_cluster.backends("test")]
        stopped = [own_cluster.process.pid, *backends]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            waiting.execute("select 2").fetchone()), daemon=True)
        thread.start()
        try:
            for number in range(50):
                assert other.execute("select %s::int", (number,)).fetchone() == (number,)
            assert not answers
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        thread.join(15)
        assert answers == [(2,)]


def test_without_free_descriptors_the_daemon_lives_on(make_pgring):
    pgring = make_pgring(start=False, settings={"max_client_conn": 1000}).start(descriptors=160)
    with pgring.connect() as inside:
        flood = []
        for _ in range(250):
            try:
                flood.append(Wire(pgring.port, timeout=2))
            except OSError:
                break
        pgring.wait_log("open files|too many", 10)
        busy = cpu_seconds_of(pgring.process.pid)
        waits = time.monotonic() + 1
        while time.monotonic() < waits:
            assert inside.execute("select pg_sleep(0.1)").fetchone()
        assert cpu_seconds_of(pgring.process.pid) - busy < 0.2, "it spins"
        assert len(re.findall("cannot accept", pgring.log())) == 1
        for wire in flood:
            wire.socket.close()
        wait_until(lambda: open_files_of(pgring.process.pid) < 120, "descriptors come back")
        assert pgring.query("select 2") == [(2,)]
