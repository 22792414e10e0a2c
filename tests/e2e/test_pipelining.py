"""Statements of many clients in line on one or two connections: each client gets its own answer and
nobody else's, whatever the neighbours send, and nobody waits for a neighbour that does not end."""

import struct
import time

import pytest

from support.crowd import SCHEMA, Crowd, console, crowds, login, pipelined
from support.wire import CANCEL_REQUEST, Wire, data_row, error_fields, kinds, query, request

# (default_pool_size, pipeline_depth)
SHAPES = [(1, 8), (4, 256), (1, 64)]


@pytest.fixture(scope="module")
def tables(cluster):
    cluster.execute(SCHEMA)
    return cluster


@pytest.fixture
def start(make_pgring, tables):
    yield from crowds(make_pgring)


def cancel(pgring, wire):
    with Wire(pgring.port) as canceller:
        assert canceller.send(request(CANCEL_REQUEST, wire.key)).at_end()


@pytest.mark.parametrize("pool_size,depth", SHAPES)
def test_a_late_cancel_hits_nobody_else(start, pool_size, depth):
    pgring, crowd = start(pool_size, depth)
    hits = 0
    with login(pgring) as victim:
        for number in range(40):
            crowd.send((victim, query("select count(*) from generate_series(1, %d)" %
                                      (number * 1000))))
            cancel(pgring, victim)
            shape = kinds(victim.read_until())
            # PostgreSQL looks for a cancel after it has sent the row as well.
            assert shape in (b"TDCZ", b"EZ", b"TEZ", b"TDEZ")
            hits += shape != b"TDCZ"
            crowd.check()
    assert hits > 0


def test_a_statement_in_line_is_cancelled_at_once(start):
    pgring, crowd = start(1, 64)
    with login(pgring) as front, login(pgring) as behind:
        front.send(query("select * from line_sleeper"))
        behind.send(query("select 'behind'"))
        crowd.send()
        started = time.monotonic()
        cancel(pgring, behind)
        messages = behind.read_until()
        assert kinds(messages) == b"EZ" and error_fields(messages[0][1])["C"] == "57014"
        assert time.monotonic() - started < 0.35
        assert kinds(front.read_until()) == b"TDCZ"
        crowd.check()


def test_statement_timeout_hits_only_whoever_runs_too_long(make_pgring, tables):
    pgring = make_pgring(
        settings={"default_pool_size": 1, "worker_processes": 1, "admin_users": "postgres",
                  "pipeline_depth": 8},
        databases={"*": "host=%s port=%d connect_query='set statement_timeout = 60'" %
                        (tables.directory, tables.port)})
    crowd = Crowd(pgring)
    with login(pgring) as slow:
        for _ in range(5):
            crowd.send((slow, query("select * from line_sleeper")))
            messages = slow.read_until()
            assert error_fields(messages[-2][1])["C"] == "57014", messages
            crowd.check()
    assert pipelined(pgring) > 0
    crowd.close()


# The deadlocks that PostgreSQL cannot see: whoever holds what the first one waits for goes on only
# once the others have been answered.

@pytest.mark.parametrize("lock,waits", [
    ("update line_rows set note = 'held' where id = 1", "update line_rows set note = '' where id = 1"),
    ("update line_rows set note = 'held' where id = 1", "select * from line_rows where id = 1 for update"),
    ("lock table line_rows in access exclusive mode", "select count(*) from line_rows"),
    ("select pg_advisory_xact_lock(4713)", "select pg_advisory_xact_lock(4713)"),
    ("update line_rows set note = 'held' where id = 1", "select line_update(1)"),
])
def test_nobody_waits_behind_who_waits_for_a_lock(start, lock, waits):
    pgring, crowd = start(3, 64)
    crowd.table = "line_others"
    with login(pgring) as holder, login(pgring) as waiter:
        holder.send(query("begin; " + lock))
        assert holder.read_until()[-1] == (b"Z", b"T")
        waiter.send(query(waits))
        crowd.run(3)
        holder.send(query("rollback"))
        assert holder.read_until()[-1] == (b"Z", b"I")
        assert waiter.read_until()[-1] == (b"Z", b"I")


@pytest.mark.parametrize("ask", ["select id from line_others where id = %d",
                                 "update line_rows set note = 'seen' where id = %d returning id"])
def test_nobody_waits_behind_who_does_not_read(start, ask):
    """An application that asks for something else while it reads a long result."""
    pgring, crowd = start(2, 64)
    rows = 20000
    with login(pgring) as reader, login(pgring) as other:
        crowd.send((reader, query("select repeat('x', 1000) from generate_series(1, %d)" % rows)),
                   (other, query(ask % 7)))
        crowd.check()
        for number in range(8, 11):
            assert data_row(other.read_until()[1][1]) == [str(number - 1)]
            other.send(query(ask % number))
        other.read_until()
        answer = reader.read_until()
        assert kinds(answer) == b"T" + b"D" * rows + b"CZ"


def test_nobody_is_overtaken_for_ever(start):
    """Statements that need a connection of their own, while others keep its line full."""
    pgring, crowd = start(1, 8)
    with login(pgring) as alone:
        for sql in 4 * ["select pg_backend_pid()", "update line_rows set note = 'x' where id = 9",
                        "begin; commit"]:
            crowd.send()
            alone.send(query(sql))
            crowd.send()
            started = time.monotonic()
            assert alone.read_until()[-1] == (b"Z", b"I")
            assert time.monotonic() - started < 2
            crowd.turn -= 1
            crowd.check(silent=False)
            crowd.turn += 1
            crowd.check()


# What is remembered of a text holds only for clients that read it alike.

HIDDEN = b"select '\\'; begin; --'"


def test_a_text_is_judged_by_how_its_own_client_reads_it(start):
    pgring, crowd = start(1, 8)
    with login(pgring) as plain, login(pgring) as escaping:
        escaping.send(query("set standard_conforming_strings = off"))
        escaping.read_until()
        for _ in range(3):
            for wire, status in (escaping, b"I"), (plain, b"T"), (escaping, b"I"):
                crowd.send((wire, query(HIDDEN.decode())))
                assert wire.read_until()[-1] == (b"Z", status)
                wire.send(query("rollback"))
                assert wire.read_until()[-1] == (b"Z", b"I")
                crowd.check()


def test_a_byte_of_a_longer_character_is_no_backslash(start):
    """In SJIS the second byte of a character may be one; the quote behind it ends the string."""
    pgring, crowd = start(1, 8)
    with login(pgring) as client:
        client.send(query("set client_encoding = 'SJIS'"), query("set standard_conforming_strings = off"))
        client.read_until()
        client.read_until()
        body = b"select '\x83\\'; begin; --'\0"
        crowd.send((client, b"Q" + struct.pack("!i", len(body) + 4) + body))
        assert client.read_until()[-1] == (b"Z", b"T")
        client.send(query("rollback"))
        client.read_until()
        crowd.check()


# Settings and modes

def test_depth_and_stall_are_of_each_database(make_pgring, tables):
    where = "host=%s port=%d" % (tables.directory, tables.port)
    pgring = make_pgring(
        settings={"default_pool_size": 1, "worker_processes": 1, "admin_users": "postgres",
                  "pipeline_depth": 8},
        databases={"off": where + " dbname=test pipeline_depth=1",
                   "hasty": where + " dbname=test pipeline_stall=0",
                   "test": where + " pipeline_depth=64"})
    for database, lines in ("off", False), ("hasty", False), ("test", True):
        before = pipelined(pgring)
        crowd = Crowd(pgring, database=database)
        crowd.run(5)
        assert (pipelined(pgring) > before) == lines, database
        crowd.close()
    lanes = {lane["database"]: lane for lane in console(pgring, "SHOW LANES")}
    assert {name: lane["pipeline_depth"] for name, lane in lanes.items()} == {
        "off": 1, "hasty": 8, "test": 64}


def test_in_session_mode_nobody_shares_a_connection(make_pgring, tables):
    pgring = make_pgring(settings={"pool_mode": "session", "worker_processes": 1,
                                   "default_pool_size": 24, "admin_users": "postgres"})
    crowd = Crowd(pgring)
    crowd.run(2)
    backends = []
    for wire in crowd.clients:
        wire.send(query("select pg_backend_pid()"))
    for wire in crowd.clients:
        backends.append(data_row(wire.read_until()[1][1])[0])
    assert len(set(backends)) == len(crowd.clients)
    assert pipelined(pgring) == 0
    crowd.close()
