"""Terminate behind a unit without its Sync. PostgreSQL still runs what stands in front of it, says at once
what has failed, and takes with it what nobody has asked for by Flush."""

import struct

import pytest
from support.process import wait_until
from support.wire import (
    FLUSH, SYNC, TERMINATE, Wire, bind, execute, kinds, message, only_error, parse, query)

RUN = bind("", "") + execute()
COPY = parse("", "copy numbers from stdin") + RUN
BAD, GOOD, DONE = message(b"d", b"no number\n"), message(b"d", b"1\n2\n"), message(b"c")
FAIL = message(b"f", b"given up\0")
BROKEN = parse("", "selec 1")
HELD = parse("held", "select 'held'") + SYNC
AGAIN = parse("again", "select 'held'")  # the connection has it

ENDS = {
    "behind nothing": ([b""], b""),
    "a Parse that fails": ([BROKEN], b"E"),
    "an Execute that fails": ([parse("", "select 1/(a-a) from one") + RUN], b"12E"),
    "nothing that fails": ([parse("", "select 1") + RUN], b""),
    "nothing that fails, flushed": ([parse("", "select 1") + RUN + FLUSH], b"12DC"),
    "an error behind what was flushed": ([parse("", "select 1") + RUN + FLUSH + BROKEN], b"12DCE"),
    "an error that is known": ([BROKEN + FLUSH, parse("", "select 1")], b"E"),
    "an error, and a skipped one": ([BROKEN + parse("", "selec 2") + query("select 3")], b"E"),
    "an error in a unit behind another": ([parse("", "select 1") + RUN + SYNC + BROKEN], b"12DCZE"),
    "a notice": ([parse("", "do $$ begin raise notice 'n'; end $$") + RUN], b"12N"),
    "an unknown name": ([bind("", "nobody") + execute()], b"E"),
    "a Parse of a statement that is held": ([HELD, AGAIN], b"1Z"),
    "the same, flushed": ([HELD, AGAIN + FLUSH], b"1Z1"),
    "the same, and an error": ([HELD, AGAIN + BROKEN], b"1Z1E"),
    "the same, used": ([HELD, AGAIN + bind("", "again") + execute()], b"1Z"),
    "Close, and an error": ([HELD, message(b"C", b"Sheld\0") + bind("", "held")], b"1Z3E"),
    "a Query": ([query("select 1")], b"TDCZ"),
    "a Sync": ([BROKEN + SYNC], b"EZ"),
    "a COPY that is given up": ([COPY + FLUSH, FAIL], b"12GE"),
    "a COPY that ends well": ([COPY + FLUSH, GOOD + DONE], b"12G"),
    "a COPY that ends well, flushed": ([COPY + FLUSH, GOOD + DONE + FLUSH], b"12GC"),
    "a COPY that fails": ([COPY + FLUSH, BAD], b"12GE"),
    "a COPY that fails, and its Sync": ([COPY + FLUSH, BAD + SYNC], b"12GEZ"),
    "a COPY that fails behind a Sync": ([COPY + SYNC, SYNC + BAD], b"12GE"),
    "a COPY that fails, its Sync and an error": ([COPY + FLUSH, BAD + SYNC + BROKEN], b"12GEZE"),
    "a COPY that fails, its end and an error": ([COPY + SYNC, BAD + DONE + SYNC + BROKEN], b"12GEZE"),
    "a COPY of a Query that fails": ([query("copy numbers from stdin"), BAD], b"GEZ"),
    "an error behind a COPY": ([COPY + FLUSH, GOOD + DONE + BROKEN], b"12GCE"),
}


@pytest.fixture(autouse=True)
def tables(cluster):
    cluster.execute("drop table if exists numbers, one; create table numbers (a int);"
                    "create table one (a int); insert into one values (1)")


@pytest.fixture(params=["transaction", "session", "statement"])
def pgring(request, make_pgring):
    """With one connection."""
    return make_pgring(settings={"pool_mode": request.param, "default_pool_size": 1})


def conversation(port, sends):
    """Everything that is received when the last of `sends` goes out with Terminate."""
    with Wire(port) as client:
        client.login()
        messages = []
        for part in sends[:-1]:
            messages += client.send(part).read_until(b"GZE")
        return messages + client.send(sends[-1], TERMINATE).read_until(b"")


def complete_messages(data):
    """Of raw bytes: the messages, and what is left of one that is cut off."""
    messages, at = [], 0
    while at + 5 <= len(data):
        end = at + 1 + struct.unpack_from("!i", data, at + 1)[0]
        if end > len(data):
            break
        messages.append(data[at:end])
        at = end
    return messages


@pytest.mark.parametrize("sends, answer", ENDS.values(), ids=ENDS.keys())
def test_what_is_in_front_of_terminate_is_run(pgring, cluster, sends, answer):
    """As by PostgreSQL itself, byte for byte."""
    reference = conversation(cluster.port, sends)
    assert kinds(reference) == answer
    assert conversation(pgring.port, sends) == reference
    with Wire(pgring.port) as neighbour:
        neighbour.login()
        assert neighbour.ask("select 'served'") == [["served"]]
    assert cluster.query("select count(*) from numbers") == [(0,)]


def test_what_was_too_much_to_be_kept_is_shown(pgring, cluster):
    """Of a long result, PostgreSQL sends what does not fit into its buffer."""
    result = parse("", "select repeat('x', 100), i from generate_series(1, 5000) i") + RUN
    received = []
    for port in cluster.port, pgring.port:
        with Wire(port) as client:
            client.login()
            client.send(result, TERMINATE)
            received.append(complete_messages(b"".join(iter(lambda: client.socket.recv(65536), b""))))
    assert len(received[0]) > 4000
    assert received[1] == received[0]


def test_it_waits_for_its_turn(pgring, cluster):
    """All connections are busy: the client is told its error when one is free."""
    with Wire(pgring.port) as busy, Wire(pgring.port) as client:
        busy.login()
        client.login()
        with cluster.connect() as holder:
            holder.execute("select pg_advisory_lock(4711)")
            busy.send(query("select pg_advisory_xact_lock(4711)"))
            wait_until(lambda: cluster.query("select 1 from pg_stat_activity where wait_event = 'advisory'"),
                       "the connection is busy")
            client.send(BROKEN, TERMINATE)
        if pgring.settings["pool_mode"] == "session":
            busy.read_until()
            busy.send(TERMINATE)
        assert only_error(client.read_until(b""))["C"] == "42601"


def test_its_transaction_is_rolled_back(make_pgring, cluster):
    pgring = make_pgring()
    with Wire(pgring.port) as client:
        client.login()
        client.ask("begin")
        client.ask("insert into numbers values (1)")
        client.send(parse("", "insert into numbers values (2)"), RUN, BROKEN, TERMINATE)
        assert kinds(client.read_until(b"")) == b"12CE"
    assert cluster.query("select count(*) from numbers") == [(0,)]


def test_a_client_that_does_not_wait_harms_nobody(make_pgring, cluster):
    """Clients that say good-bye in the middle and are gone at once, among others that write."""
    pgring = make_pgring(settings={"default_pool_size": 4})
    with Wire(pgring.port) as writer:
        writer.login()
        for number in range(100):
            with Wire(pgring.port) as client:
                client.login()
                client.send(parse("", "select 1"), RUN, TERMINATE)
            assert writer.ask(f"insert into numbers values ({number}) returning a") == [[str(number)]]
    assert cluster.query("select count(*) from numbers") == [(100,)]
    assert "08006" not in pgring.log() and "08007" not in pgring.log()
