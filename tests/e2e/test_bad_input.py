"""Whatever bytes arrive, the daemon answers as PostgreSQL would or closes, says why in its log, and serves
everyone else."""

import os
import random
import struct

import psycopg
import pytest

from support.process import wait_until
from support.wire import (FLUSH, PROTOCOL_3_0, SYNC, Wire, bind, error_fields, execute, kinds, message,
                          only_error, parse, query, request, startup, string)


@pytest.fixture
def served(pgring):
    """Two clients that must not notice anything: one idle, one in a transaction."""
    with pgring.connect() as idle, pgring.connect(autocommit=False) as busy:
        busy.execute("create temp table untouched (a int) on commit drop")
        masters = pgring.titled("pgringd: master"), pgring.workers()
        yield pgring
        assert idle.execute("select 1").fetchone() == (1,)
        busy.execute("insert into untouched values (1)")
        assert busy.execute("select count(*) from untouched").fetchone() == (1,)
        busy.commit()
        assert (pgring.titled("pgringd: master"), pgring.workers()) == masters


GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls hello without a request": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "length zero": struct.pack("!ii", 0, PROTOCOL_3_0),
    "length four": struct.pack("!i", 4),
    "length seven": struct.pack("!i", 7) + b"abc",
    "length negative": struct.pack("!ii", -1, PROTOCOL_3_0),
    "length two gigabytes": struct.pack("!ii", 0x7fffffff, PROTOCOL_3_0),
    "zeros": bytes(100),
    "ff": b"\xff" * 100,
    "cancel request of a wrong size": request(80877102, b"abc"),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_instead_of_a_startup_packet_is_closed(served, name):
    with Wire(served.port) as wire:
        wire.send(GARBAGE[name])
        messages = wire.read_until(b"E")
        assert kinds(messages) in (b"", b"E")
        if messages:
            assert error_fields(messages[0][1])["S"] == "FATAL"
            assert wire.at_end()
        port = wire.socket.getsockname()[1]
    if not name.startswith("cancel"):
        served.wait_log("127.0.0.1:%d" % port)


def test_an_unterminated_startup_packet_is_refused(served):
    with Wire(served.port) as wire:
        wire.send(struct.pack("!ii", 17, PROTOCOL_3_0) + b"user\0post")
        assert only_error(wire.read_until(b"E"))["S"] == "FATAL"
        assert wire.at_end()


def test_a_startup_packet_without_a_user_is_refused(served):
    with Wire(served.port) as wire:
        wire.send(startup({"database": "test"}))
        assert only_error(wire.read_until(b"E"))["C"] == "28000"
        assert wire.at_end()


@pytest.mark.parametrize("version", [0x00010000, 0x00020000, 0x00040000, 0x12345678])
def test_an_unknown_protocol_is_refused(served, version):
    with Wire(served.port) as wire:
        error = error_fields(wire.login(version=version)[-1][1])
        assert (error["S"], error["C"]) == ("FATAL", "0A000")
        assert wire.at_end()


def test_a_client_that_leaves_inside_the_startup_packet(served):
    packet = startup({"user": "postgres", "database": "test"})
    for cut in (1, 4, 7, 8, len(packet) - 1):
        with Wire(served.port) as wire:
            wire.send(packet[:cut])
            port = wire.socket.getsockname()[1]
        served.wait_log("127.0.0.1:%d .*incomplete startup packet" % port)


def test_a_client_that_never_logs_in_is_closed(make_pgring):
    pgring = make_pgring(settings={"client_login_timeout": 1})
    with Wire(pgring.port) as silent, Wire(pgring.port) as slow:
        slow.send(startup({"user": "postgres"})[:9])
        for wire in (silent, slow):
            messages = wire.read_until(b"E")
            assert kinds(messages) in (b"", b"E") and (not messages or wire.at_end())
    pgring.wait_log("client_login_timeout")
    assert pgring.query("select 1") == [(1,)]


def test_an_unknown_database_is_refused(make_pgring):
    pgring = make_pgring(start=False)
    pgring.configure(databases={
        "test": "host=%s port=%d" % (pgring.cluster.directory, pgring.cluster.port)})
    pgring.start()
    with Wire(pgring.port) as wire:
        error = error_fields(wire.login(database="no_such")[-1][1])
        assert (error["S"], error["C"]) == ("FATAL", "3D000") and "no_such" in error["M"]
        assert wire.at_end()
    assert pgring.query("select 1") == [(1,)]


def test_a_database_unknown_only_to_postgresql_is_refused(served):
    with Wire(served.port) as wire:
        messages = wire.login(database="no_such")
        if kinds(messages).endswith(b"Z"):
            messages = wire.send(query("select 1")).read_until(b"E")
        error = error_fields(messages[-1][1])
        assert error["C"] == "3D000" and "no_such" in error["M"]


def test_who_asks_again_for_an_unknown_database_does_not_wait(make_pgring, cluster):
    pgring = make_pgring()
    for _ in range(12):
        with Wire(pgring.port, timeout=5) as wire:
            assert error_fields(wire.login(database="comes_later")[-1][1])["C"] == "3D000"
    cluster.execute("create database comes_later")
    try:
        pgring.reload()  # or server_login_retry later
        pgring.wait_log("reloaded /")
        assert pgring.query("select 1", dbname="comes_later") == [(1,)]
    finally:
        cluster.execute("drop database comes_later with (force)")


def test_a_user_unknown_to_postgresql_is_refused(served):
    with pytest.raises(psycopg.OperationalError, match="nobody_knows"):
        served.query("select 1", user="nobody_knows")


def logged_in(pgring):
    wire = Wire(pgring.port)
    wire.login()
    return wire


BROKEN_MESSAGES = {
    "unknown type": message(b"y", b"abc"),
    "type zero": message(b"\0"),
    "a server's message": message(b"T", b"\0\0"),
    "password after login": message(b"p", b"secret\0"),
    "length below four": b"Q" + struct.pack("!i", 3),
    "length negative": b"Q" + struct.pack("!i", -5) + b"select 1\0",
    "query without its end": message(b"Q", b"select 1"),
    "empty query message": message(b"Q"),
    "parse without text": message(b"P", b"name\0"),
    "parse of short types": message(b"P", b"\0select 1\0" + struct.pack("!h", 5)),
    "bind of short values": message(b"B", b"\0\0" + struct.pack("!hhi", 0, 1, 100) + b"abc"),
    "bind of negative count": message(b"B", b"\0\0" + struct.pack("!hhh", -1, -1, -1)),
    "execute without rows": message(b"E", b"\0"),
    "describe of nothing": message(b"D"),
    "describe of a wrong kind": message(b"D", b"X\0"),
    "close of a wrong kind": message(b"C", b"X\0"),
    "sync with a body": message(b"S", b"x"),
    "function call cut off": message(b"F", b"\0\0"),
}


@pytest.mark.parametrize("name", BROKEN_MESSAGES)
def test_a_broken_message_is_answered_as_postgresql_answers(served, name):
    """An error with the same code, or none before the end; PostgreSQL says nothing of a bad length."""
    answers = []
    for port in (served.cluster.port, served.port):
        with Wire(port) as wire:
            wire.login()
            wire.send(BROKEN_MESSAGES[name] + SYNC)
            messages = wire.read_until(b"EZ")
            codes = [error_fields(body)["C"] for kind, body in messages if kind == b"E"]
            answers.append(codes or [None if wire.at_end() else "no answer"])
    (direct,), (pooled,) = answers
    assert pooled == direct or (direct is None and pooled == "08P01"), answers


@pytest.mark.parametrize("name,bytes_sent,code", [
    ("bind", bind("", "absent") + SYNC, "26000"),
    ("execute", execute("absent") + SYNC, "34000"),
    ("describe statement", message(b"D", b"Sabsent\0") + SYNC, "26000"),
    ("describe portal", message(b"D", b"Pabsent\0") + SYNC, "34000"),
    ("syntax", parse("", "selec 1") + bind("", "") + execute() + SYNC, "42601"),
])
def test_what_does_not_exist_is_an_ordinary_error(served, name, bytes_sent, code):
    with logged_in(served) as wire:
        messages = wire.send(bytes_sent).read_until()
        assert only_error(messages)["C"] == code and kinds(messages).endswith(b"EZ")
        assert wire.ask("select 1") == [["1"]]


def test_copy_messages_outside_of_copy_are_ignored(served):
    with logged_in(served) as wire:
        wire.send(message(b"d", b"1\n") + message(b"c") + message(b"f", b"no\0"))
        assert wire.ask("select 1") == [["1"]]


@pytest.mark.parametrize("size", [100, 1 << 20])
def test_a_client_that_leaves_inside_a_message(make_pgring, size):
    pgring = make_pgring(settings={"default_pool_size": 1})
    whole = query("insert into cut_off values ('%s')" % ("x" * size))
    pgring.execute("drop table if exists cut_off; create table cut_off (a text)")
    for cut in (1, 3, 5, len(whole) // 2, len(whole) - 1):
        with logged_in(pgring) as wire:
            wire.send(whole[:cut])
        assert pgring.query("select count(*) from cut_off") == [(0,)]
    pgring.execute("drop table cut_off")


def test_a_client_that_leaves_without_reading_its_result(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    for rows in (1, 1000, 1000000):
        with logged_in(pgring) as wire:
            wire.send(query("select repeat('x', 100) from generate_series(1, %d)" % rows))
        assert pgring.query("select %d" % rows) == [(rows,)]


def test_a_client_that_leaves_a_transaction_has_it_rolled_back(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    pgring.execute("drop table if exists left_open; create table left_open (a int)")
    for farewell in (b"", message(b"X"), parse("", "insert into left_open values (3)") + FLUSH):
        with logged_in(pgring) as wire:
            wire.ask("begin")
            wire.ask("insert into left_open values (1)")
            wire.send(farewell)
    assert pgring.query("select count(*) from left_open") == [(0,)]
    wait_until(lambda: not pgring.cluster.backends(where="state like 'idle in transaction%'"),
               "no transaction stays open")
    pgring.execute("drop table left_open")


def test_a_client_that_leaves_a_copy(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    pgring.execute("drop table if exists half_copied; create table half_copied (a int)")
    with logged_in(pgring) as wire:
        wire.send(query("copy half_copied from stdin"))
        assert wire.read()[0] == b"G"
        wire.send(message(b"d", b"1\n2\n"))
    assert pgring.query("select count(*) from half_copied") == [(0,)]
    pgring.execute("drop table half_copied")


def test_random_bytes_for_a_thousand_clients(served):
    """A fixed seed; descriptors must not leak either."""
    random_bytes = random.Random(4711)
    master = served.titled("pgringd: master")[0]
    before = len(os.listdir("/proc/%d/fd" % master))
    for number in range(1000):
        with Wire(served.port) as wire:
            prefix = startup({"user": "postgres", "database": "test"}) if number % 2 else b""
            wire.send(prefix + random_bytes.randbytes(random_bytes.randrange(1, 200)))
    wait_until(lambda: len(os.listdir("/proc/%d/fd" % master)) <= before, "descriptors are closed")


def test_an_overlong_name_is_served_or_refused(served):
    with logged_in(served) as wire:
        long_name = "n" * 100000
        messages = wire.send(parse(long_name, "select 1") + bind("", long_name) + execute() +
                             SYNC).read_until(b"ZE")
        assert messages[-1][0] == b"Z" or error_fields(messages[-1][1])["C"] == "08P01"


def test_a_huge_startup_packet_is_refused(served):
    with Wire(served.port) as wire:
        body = string("user") + string("postgres") + string("application_name") + string("a" * 20000)
        wire.send(struct.pack("!ii", len(body) + 9, PROTOCOL_3_0) + body + b"\0")
        messages = wire.read_until(b"EZ")
        assert kinds(messages) in (b"", b"E")
