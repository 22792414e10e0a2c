"""Payloads of any size pass, and no size of payload and no slow peer makes the daemon grow."""

import os
import select
import signal
import socket
import struct
import threading
from contextlib import contextmanager

import pytest

from support.process import wait_until
from support.wire import SYNC, Wire, data_row, execute, kinds, parse, query, string

MEGABYTE = 1 << 20
FULL = 1000 * MEGABYTE  # near to PostgreSQL's limit of 1 GB for one value
LARGE = 300 * MEGABYTE  # twice the bound: enough to show that it holds, in less time
BOUND = 150 * MEGABYTE
CHUNK = b"x" * MEGABYTE


@contextmanager
def bounded_memory(pgring):
    """The process tree must not grow by more than the bound while the block runs."""
    pgring.query("select 1")
    idle, seen, over = pgring.memory(), [], threading.Event()

    def sample():
        while not over.wait(0.05):
            seen.append(pgring.memory())

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield
    finally:
        seen.append(pgring.memory())
        over.set()
        sampler.join()
    assert max(seen) - idle < BOUND, "grew by %d MB" % ((max(seen) - idle) // MEGABYTE)


def read_exactly(wire, size):
    """Counts the x bytes among the next ones, without keeping them."""
    kept = wire.buffer[:size]
    wire.buffer = wire.buffer[size:]
    found, left = kept.count(b"x"), size - len(kept)
    buffer = bytearray(MEGABYTE)
    while left:
        received = wire.socket.recv_into(buffer, min(left, MEGABYTE))
        assert received, "the stream ends %d bytes early" % left
        found += buffer.count(b"x", 0, received)
        left -= received
    return found


def read_large_row(wire):
    """The x bytes of one DataRow with one value; its frame is checked."""
    kind, (length,) = wire.read_raw(1), struct.unpack("!i", wire.read_raw(4))
    assert kind == b"D", (kind, wire.read_raw(length - 4) if kind == b"E" else length)
    columns, value = struct.unpack("!hi", wire.read_raw(6))
    assert columns == 1 and value == length - 10
    return read_exactly(wire, value)


def send_large(wire, before, size, after):
    wire.socket.sendall(before)
    for _ in range(size // MEGABYTE):
        wire.socket.sendall(CHUNK)
    wire.socket.sendall(after)


@pytest.fixture
def wire(pgring):
    with Wire(pgring.port, timeout=120) as connection:
        connection.login()
        yield connection


@pytest.mark.timeout(240)
def test_a_statement_of_one_gigabyte(pgring, wire):
    """In four literals: PostgreSQL's lexer doubles its buffer and may not reach 1 GB with it."""
    part = FULL // 4
    pieces = [b"select length('", b"'), length('", b"'), length('", b"'), length('", b"')\0"]
    with bounded_memory(pgring):
        wire.send(b"Q" + struct.pack("!i", 4 + sum(map(len, pieces)) + FULL))
        for piece in pieces[:-1]:
            send_large(wire, piece, part, b"")
        messages = wire.send(pieces[-1]).read_until()
    assert kinds(messages) == b"TDCZ", messages
    assert data_row(messages[1][1]) == [str(part)] * 4


def test_a_parameter_beyond_all_buffers(pgring, wire):
    bind = string("") + string("") + struct.pack("!hhi", 0, 1, LARGE)
    with bounded_memory(pgring):
        header = b"B" + struct.pack("!i", 4 + len(bind) + LARGE + 2)
        send_large(wire, parse("", "select length($1)", [25]) + header + bind, LARGE,
                   struct.pack("!h", 0) + execute() + SYNC)
        messages = wire.read_until()
    assert kinds(messages) == b"12DCZ", messages
    assert data_row(messages[2][1]) == [str(LARGE)]


@pytest.mark.timeout(240)
def test_one_value_of_one_gigabyte(pgring, wire):
    with bounded_memory(pgring):
        wire.send(query("select repeat('x', %d)" % FULL))
        assert wire.read()[0] == b"T"
        assert read_large_row(wire) == FULL
        assert kinds(wire.read_until()) == b"CZ"


def test_a_large_result_in_many_rows(pgring, wire):
    rows, width = LARGE // 10000, 10000
    with bounded_memory(pgring):
        wire.send(query("select repeat('x', %d) from generate_series(1, %d)" % (width, rows)))
        assert wire.read()[0] == b"T"
        assert read_exactly(wire, rows * (width + 11)) == rows * width
        assert kinds(wire.read_until()) == b"CZ"


def test_a_large_copy_in_and_out(pgring, wire):
    """Into a table that keeps nothing of it, and out again as a stream."""
    with pgring.cluster.connect() as direct:
        direct.execute("drop table if exists swallow; create table swallow (a text)")
        direct.execute("create or replace function nothing() returns trigger language plpgsql as"
                       " 'begin return null; end'")
        direct.execute("create trigger t before insert on swallow for each row"
                       " execute function nothing()")
    lines = (b"x" * 9999 + b"\n") * 100
    frame = b"d" + struct.pack("!i", 4 + len(lines)) + lines
    with bounded_memory(pgring):
        wire.send(query("copy swallow from stdin"))
        assert wire.read()[0] == b"G"
        for _ in range(300):
            wire.socket.sendall(frame)
        wire.send(b"c\0\0\0\x04")
        messages = wire.read_until()
        assert kinds(messages) == b"CZ" and messages[0][1] == b"COPY 0\0"
        wire.send(query("copy (select repeat('x', 9999) from generate_series(1, 30000)) to stdout"))
        assert wire.read()[0] == b"H"
        assert read_exactly(wire, 30000 * 10005) == 30000 * 9999
        assert kinds(wire.read_until()) == b"cCZ"


def is_stalled(connection):
    """Whether the kernel takes no more bytes for this socket: neither now nor a moment later."""
    return not select.select([], [connection], [], 0.3)[1]


def test_a_slow_reader_holds_up_nobody(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 2})
    total = LARGE
    with Wire(pgring.port, timeout=120) as slow, pgring.connect() as neighbour, bounded_memory(pgring):
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.login()
        slow.send(query("select repeat('x', %d)" % total))
        wait_until(lambda: pgring.cluster.query("select 1 from pg_stat_activity where wait_event ="
                                                " 'ClientWrite'"), "the database waits for the reader", 30)
        for number in range(200):
            assert neighbour.execute("select %s::int, repeat('y', 10000)",
                                     (number,)).fetchone()[0] == number
        assert slow.read()[0] == b"T"
        assert read_large_row(slow) == total
        assert kinds(slow.read_until()) == b"CZ"


def test_short_answers_pass_a_long_one(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 2, "worker_processes": 1})
    rows, size = 40000, 9999  # of a row, without its header
    with Wire(pgring.port, timeout=120) as long, pgring.connect() as neighbour:
        long.login()
        neighbour.execute("select 1")
        long.send(query("copy (select repeat('x', %d) from generate_series(1, %d)) to stdout" % (size, rows)))
        assert long.read()[0] == b"H"
        found = []
        reader = threading.Thread(target=lambda: found.append(read_exactly(long, rows * (size + 6))))
        reader.start()
        for number in range(10):
            assert neighbour.execute("select %s::int", (number,)).fetchone() == (number,)
        assert reader.is_alive()
        reader.join()
        assert found == [rows * size]
        assert kinds(long.read_until()) == b"cCZ"


def test_a_slow_database_holds_up_only_its_client(make_pgring):
    """A stopped backend reads nothing: the sender must be stopped, not buffered."""
    pgring = make_pgring(settings={"default_pool_size": 2})
    total = LARGE
    with Wire(pgring.port, timeout=120) as slow, pgring.connect() as neighbour, bounded_memory(pgring):
        slow.login()
        slow.ask("begin")
        backend = int(slow.ask("select pg_backend_pid()")[0][0])
        os.kill(backend, signal.SIGSTOP)
        try:
            before, after = b"select length('", b"')\0"
            header = b"Q" + struct.pack("!i", 4 + len(before) + total + len(after))
            sender = threading.Thread(target=send_large, args=(slow, header + before, total, after))
            sender.start()
            wait_until(lambda: is_stalled(slow.socket), "the sender is held up", 30)
            for number in range(100):
                assert neighbour.execute("select %s::int", (number,)).fetchone() == (number,)
        finally:
            os.kill(backend, signal.SIGCONT)
        sender.join()
        messages = slow.read_until()
        assert kinds(messages) == b"TDCZ" and data_row(messages[1][1]) == [str(total)]


def test_many_clients_with_large_results_at_once(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 10})
    total = 20 * MEGABYTE
    failures = []

    def client(number):
        try:
            with Wire(pgring.port, timeout=120) as wire:
                wire.login()
                wire.send(query("select repeat('x', %d)" % (total + number)))
                assert wire.read()[0] == b"T"
                assert read_large_row(wire) == total + number
                assert kinds(wire.read_until()) == b"CZ"
        except Exception as error:  # reported by the test's own thread
            failures.append((number, error))

    with bounded_memory(pgring):
        clients = [threading.Thread(target=client, args=(number,)) for number in range(20)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
    assert not failures, failures


def test_each_large_result_ends_though_nothing_follows_it(pgring):
    """However the last frames of it are cut, the connection is the client's again at once."""
    with Wire(pgring.port, timeout=5) as wire:
        wire.login()
        for size in range(20_000, 400_000, 7_001):
            assert wire.ask("select repeat('x', %d) from generate_series(1, 3)" % size) == [["x" * size]] * 3
