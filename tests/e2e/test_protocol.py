"""The corners of the protocol which drivers reach only now and then; each is compared to PostgreSQL's own."""

import struct

import psycopg
import pytest

from support.wire import (FLUSH, GSS_REQUEST, SSL_REQUEST, SYNC, TERMINATE, Wire, bind, close, data_row,
                          describe, error_fields, execute, kinds, message, only_error, parse, query,
                          request, string)


@pytest.fixture
def both(pgring):
    """(direct, through pgring), logged in"""
    with Wire(pgring.cluster.port) as direct, Wire(pgring.port) as pooled:
        direct.login()
        pooled.login()
        yield direct, pooled


def assert_same(both, *parts, until=b"Z"):
    """Both give the same messages, byte for byte; returns them."""
    direct, pooled = [wire.send(*parts).read_until(until) for wire in both]
    assert pooled == direct
    return pooled


@pytest.mark.parametrize("code", [SSL_REQUEST, GSS_REQUEST])
def test_encryption_is_declined_and_the_login_goes_on(pgring, code):
    with Wire(pgring.port) as wire:
        assert wire.send(request(code)).read_raw(1) == b"N"
        assert kinds(wire.login()).endswith(b"Z")
        assert wire.ask("select 1") == [["1"]]


def test_newer_minor_versions_and_options_are_negotiated(pgring):
    with Wire(pgring.port) as wire:
        messages = wire.login(version=0x00030002, **{"_pq_.command": "1", "_pq_.other": "2"})
        assert kinds(messages)[:1] == b"v" and kinds(messages)[-1:] == b"Z"
        minor, count = struct.unpack("!ii", messages[0][1][:8])
        assert (minor & 0xffff, count) == (0, 2)
        assert messages[0][1][8:] == b"_pq_.command\0_pq_.other\0"
        assert wire.ask("select 1") == [["1"]]


def test_the_greeting_has_its_parts_in_order(pgring):
    with Wire(pgring.port) as wire:
        messages = wire.login()
        assert kinds(messages).strip(b"S") == b"R" + b"S" * kinds(messages).count(b"S") + b"KZ"
        assert messages[0] == (b"R", struct.pack("!i", 0)) and messages[-1] == (b"Z", b"I")


@pytest.mark.parametrize("sql", [
    "", ";", "-- only a comment", "select 1", "select 1; select 2; select 3", "select 1; select 1/0; select 3",
    "begin; select 1; commit", "values (null, '', 'ä')", "select from generate_series(1, 3)",
    "do $$ begin raise notice 'n'; end $$", "create temp table x (a int) on commit drop; insert into x"
    " select generate_series(1, 5); select a + 0 from x", "show server_version", "explain (costs off) select 1",
    "select * from no_such_table", "selec 1", "select '\\x00'::bytea", "lock table pg_class",
])
def test_simple_queries_are_answered_alike(both, sql):
    assert_same(both, query(sql))


def test_the_transaction_status_is_reported_alike(both):
    for sql, status in [("begin", b"T"), ("select 1/0", b"E"), ("select 1", b"E"), ("rollback", b"I"),
                        ("begin", b"T"), ("savepoint s", b"T"), ("select 1/0", b"E"),
                        ("rollback to s", b"T"), ("commit", b"I")]:
        assert assert_same(both, query(sql))[-1][1] == status


def test_the_extended_protocol_in_one_batch(both):
    messages = assert_same(both, parse("", "select $1::int + 1", [23]), describe(b"S", ""),
                           bind("", "", [41]), describe(b"P", ""), execute(), SYNC)
    assert kinds(messages) == b"1tT2TDCZ" and data_row(messages[5][1]) == ["42"]


def test_every_message_in_a_packet_of_its_own(both):
    for wire in both:
        for part in (parse("s", "select $1::text"), bind("p", "s", ["x"]), describe(b"P", "p"),
                     execute("p"), close(b"P", "p"), SYNC):
            for byte in part:
                wire.send(bytes([byte]))
    assert both[0].read_until() == both[1].read_until()


def test_flush_brings_what_is_ready(both):
    for parts, until in [((parse("f", "select 1"), FLUSH), b"1"),
                         ((bind("", "f"), describe(b"P", ""), FLUSH), b"T"),
                         ((execute(), FLUSH), b"C"), ((SYNC,), b"Z")]:
        assert_same(both, *parts, until=until)


def test_row_limits_suspend_the_portal(both):
    assert_same(both, query("begin"))
    messages = assert_same(both, parse("", "select generate_series(1, 5)"), bind("p", ""),
                           execute("p", 2), SYNC)
    assert kinds(messages) == b"12DDsZ"
    assert kinds(assert_same(both, execute("p", 2), SYNC)) == b"DDsZ"
    assert kinds(assert_same(both, execute("p", 2), SYNC)) == b"DCZ"
    assert_same(both, query("commit"))


def test_result_formats_per_column(both):
    messages = assert_same(both, parse("", "select 1::int4, 1::int4, 'x'::text"),
                           bind("", "", result_formats=(0, 1, 0)), describe(b"P", ""), execute(), SYNC)
    assert b"\0\0\0\x011\0\0\0\x04\0\0\0\x01" in messages[3][1]


def test_an_error_skips_to_the_sync(both):
    messages = assert_same(both, parse("", "select 1/$1::int", [23]), bind("", "", [0]), execute(),
                           parse("", "select 2"), bind("", ""), execute(), SYNC)
    assert kinds(messages) == b"1EZ"


def test_an_error_comes_although_nothing_asks_for_an_answer(both):
    """PostgreSQL sends an error at once: whoever waits for it need not have sent Flush or Sync."""
    assert_same(both, parse("", "selec"), until=b"E")
    assert kinds(assert_same(both, SYNC)) == b"Z"


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("batch", ["select 1/0", "select 1"])
@pytest.mark.parametrize("single", ["select 2", "select 2/0"])
def test_a_query_where_a_sync_should_be(both, together, batch, single):
    """Behind a failed batch it is skipped and the Sync is waited for; behind a good one it is run."""
    extended = parse("", batch), bind("", ""), execute(), FLUSH
    if together:
        assert_same(both, *extended, query(single), SYNC)
    else:
        assert_same(both, *extended, until=b"CE")
        for wire in both:
            wire.send(query(single))
        if batch == "select 1":
            assert_same(both)
        assert_same(both, SYNC)
    if batch == "select 1" and together:
        assert_same(both)
    assert_same(both, query("select 'next'"))


def test_what_an_error_skips_leaves_the_unnamed_statement_alone(both):
    assert_same(both, parse("", "select 'kept'"), SYNC)
    use = bind("", ""), execute(), SYNC
    assert_same(both, execute("nowhere"), parse("", "select 'skipped'"), SYNC)
    assert data_row(assert_same(both, *use)[1][1]) == ["kept"]
    assert_same(both, execute("nowhere"), FLUSH, until=b"E")
    assert_same(both, query("select 'skipped'"), SYNC)
    assert data_row(assert_same(both, *use)[1][1]) == ["kept"]
    assert_same(both, query("select 'run'"))
    assert only_error(assert_same(both, *use))["C"] == "26000"


def test_an_error_in_a_transaction_leaves_the_unnamed_statement_alone(both):
    """It cannot be made again there: the message that names it is refused, not the statement."""
    assert_same(both, query("begin"))
    assert_same(both, parse("", "select $1::int", [23]), SYNC)
    for _ in range(2):
        assert_same(both, bind("", "", []), execute(), SYNC)
    assert_same(both, query("rollback"))


@pytest.mark.parametrize("size", [30_000, 150_000])
def test_a_long_unnamed_statement_serves_later_batches(both, size):
    assert_same(both, parse("", "select length('%s'), $1::text" % ("x" * size)), SYNC)
    for value in ("a", "b" * 31_000):
        assert kinds(assert_same(both, bind("", "", [value]), execute(), SYNC)) == b"2DCZ"


def test_an_unnamed_statement_beyond_what_is_kept_serves_its_own_batch(pgring):
    with Wire(pgring.port) as wire:
        wire.login()
        for size in (200_000, 300_000, 500_000, 1_000_000):
            batch = bind("", ""), execute(), SYNC
            wire.send(parse("", "select length('%s')" % ("x" * size)), *batch)
            assert [data_row(row) for kind, row in wire.read_until() if kind == b"D"] == [[str(size)]]
            assert only_error(wire.send(*batch).read_until())["C"] == "26000"


def test_unnamed_statements_of_two_clients_stay_apart(make_pgring):
    """The second client's Parse comes in one batch with a statement that it names."""
    pgring = make_pgring(settings={"default_pool_size": 1})
    use = bind("", ""), execute(), SYNC
    with Wire(pgring.port) as first, Wire(pgring.port) as second:
        for wire in (first, second):
            wire.login()
        first.send(parse("", "select 'first'"), SYNC).read_until()
        second.send(parse("s", "select 'named'"), SYNC).read_until()
        for _ in range(2):
            assert data_row(first.send(*use).read_until()[1][1]) == ["first"]
            rows = second.send(parse("", "select 'second'"), bind("", ""), execute(), bind("", "s"),
                               execute(), SYNC).read_until()
            assert [data_row(row) for kind, row in rows if kind == b"D"] == [["second"], ["named"]]
        assert data_row(first.send(*use).read_until()[1][1]) == ["first"]
        assert data_row(second.send(*use).read_until()[1][1]) == ["second"]


def test_many_syncs_are_answered_in_order(both):
    batch = b"".join(parse("", "select %d" % number) + bind("", "") + execute() + SYNC
                     for number in range(100))
    for wire in both:
        wire.send(batch)
    for number in range(100):
        direct, pooled = [wire.read_until() for wire in both]
        assert pooled == direct and data_row(pooled[2][1]) == [str(number)]


def test_queries_sent_ahead_are_answered_in_order(both):
    for wire in both:
        wire.send(*[query("select %d" % number) for number in range(100)])
    for number in range(100):
        direct, pooled = [wire.read_until() for wire in both]
        assert pooled == direct and data_row(pooled[1][1]) == [str(number)]


def test_a_sync_alone_is_answered(both):
    assert kinds(assert_same(both, SYNC)) == b"Z"
    assert kinds(assert_same(both, parse("", "select 1"), SYNC)) == b"1Z"


def test_named_statements_and_portals(both):
    assert_same(both, parse("a", "select 'a' || $1::text"), parse("b", "select 'b' || $1::text"), SYNC)
    for name in ("a", "b", "a"):
        messages = assert_same(both, bind("", name, ["!"]), execute(), SYNC)
        assert data_row(messages[1][1]) == [name + "!"]
    assert only_error(assert_same(both, parse("a", "select 2"), SYNC))["C"] == "42P05"
    assert_same(both, close(b"S", "a"), parse("a", "select 3"), bind("", "a"), execute(), SYNC)
    assert_same(both, close(b"S", "never made"), close(b"P", "never made"), SYNC)


def test_a_statement_changed_below_its_cached_plan(both):
    direct, pooled = both
    direct.ask("drop table if exists changing; create table changing (a int)")
    assert_same(both, parse("c", "select * from changing"), bind("", "c"), execute(), SYNC)
    direct.ask("alter table changing add b text")
    assert only_error(assert_same(both, bind("", "c"), execute(), SYNC))["C"] == "0A000"
    direct.ask("drop table changing")


def test_a_known_statement_prepared_behind_an_error_in_a_failed_transaction(make_pgring):
    """Its Parse is for the server to refuse, so it is closed first. The server skips both, and the
    connection has the statement still."""
    pgring = make_pgring(settings={"default_pool_size": 1})
    prepare = parse("s", "select 5")
    run = prepare + bind("", "s") + execute() + close(b"S", "s") + SYNC
    with Wire(pgring.cluster.port) as direct, Wire(pgring.port) as pooled, Wire(pgring.port) as other:
        both = direct, pooled
        for wire in (*both, other):
            wire.login()
        other.send(prepare + SYNC).read_until()
        assert_same(both, query("begin"))
        assert_same(both, query("select 1/0"))
        assert only_error(assert_same(both, parse("x", "select 'refused'") + run))["C"] == "25P02"
        assert_same(both, query("rollback"))
        assert kinds(assert_same(both, run)) == b"12DC3Z"
        assert kinds(other.send(bind("", "s") + execute() + SYNC).read_until()) == b"2DCZ"


def function_call(oid, *values):
    body = struct.pack("!ihhh", oid, 1, 1, len(values))
    for value in values:
        body += struct.pack("!ii", 4, value)
    return message(b"F", body + struct.pack("!h", 1))


def test_function_calls(both):
    (oid,), = both[0].ask("select 'int4pl(int4, int4)'::regprocedure::oid")
    messages = assert_same(both, function_call(int(oid), 40, 2))
    assert messages[0] == (b"V", struct.pack("!ii", 4, 42)) and messages[-1] == (b"Z", b"I")
    assert only_error(assert_same(both, function_call(999999999)))["C"] == "42883"


@pytest.mark.parametrize("extended", [False, True])
def test_copy_in_both_protocols(both, extended):
    def command(sql):
        return parse("", sql) + bind("", "") + execute() + SYNC if extended else query(sql)

    direct, _ = both
    direct.ask("drop table if exists copying; create table copying (a int, b text)")
    assert_same(both, command("copy copying from stdin"), message(b"d", b"1\tone\n2\t"),
                message(b"d", b"two\n"), message(b"c"), *[SYNC] * extended)
    assert_same(both, command("copy (select a, b from copying order by a limit 2) to stdout"))
    failed = assert_same(both, command("copy copying from stdin"), message(b"d", b"3\tthree\n"),
                         message(b"f", string("given up")), *[SYNC] * extended)
    assert only_error(failed)["C"] == "57014"
    failed = assert_same(both, command("copy copying from stdin"), message(b"d", b"x\ty\n"),
                         message(b"c"), *[SYNC] * extended)
    assert only_error(failed)["C"] == "22P02"
    assert [row for row in direct.ask("select count(*) from copying")] == [["4"]]
    direct.ask("drop table copying")


def test_several_copies_in_one_query(both):
    messages = assert_same(both, query("copy (select 1) to stdout; copy (select 2) to stdout; select 3"))
    assert kinds(messages) == b"HdcCHdcCTDCZ"


def test_terminate_closes_the_connection(both):
    for wire in both:
        assert wire.send(TERMINATE).at_end()


def test_terminate_behind_a_query_lets_it_finish(make_pgring):
    pgring = make_pgring()
    pgring.execute("drop table if exists last_words; create table last_words (a int)")
    with Wire(pgring.port) as wire:
        wire.login()
        wire.send(query("insert into last_words values (1)") + TERMINATE)
        assert kinds(wire.read_until()) == b"CZ" and wire.at_end()
    assert pgring.query("select count(*) from last_words") == [(1,)]


def test_replication_is_refused_outside_session_mode(make_pgring):
    pgring = make_pgring()
    with Wire(pgring.port) as wire:
        kind, payload = wire.login(replication="database")[-1]
        assert kind == b"E" and "replication" in error_fields(payload)["M"]
    assert pgring.query("select 1") == [(1,)]


def test_replication_in_session_mode_works_or_is_refused(make_pgring):
    pgring = make_pgring(settings={"pool_mode": "session"})
    try:
        with psycopg.connect(pgring.dsn() + " replication=database", autocommit=True) as client:
            assert len(client.execute("IDENTIFY_SYSTEM").fetchone()) == 4
    except psycopg.OperationalError as error:
        assert "replication" in str(error)
