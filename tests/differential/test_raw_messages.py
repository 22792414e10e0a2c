"""Messages malformed or out of place, byte by byte: pgring answers as PostgreSQL does."""

import struct

import pytest
from raw import WHO, everything, only_the_fatal, same
from support.wire import (SYNC, TERMINATE, Wire, bind, close, describe, error_fields, execute,
                          kinds, message, only_error, parse, query, startup)

pytestmark = pytest.mark.usefixtures("serves_others")


@pytest.mark.parametrize("kind", [b"!", b"\0", b"\xff", b"Z", b"T", b"R", b"p", b"q", b"1"])
def test_an_unknown_message_type_is_fatal(cluster, pgring, kind):
    answers = same(cluster, pgring, startup(WHO), message(kind, b"what\0"), query("select 1"))
    assert answers[-1] == (b"E", {"S": "FATAL", "V": "FATAL", "C": "08P01",
                                  "M": f"invalid frontend message type {kind[0]}"})


@pytest.mark.parametrize("kind", [b"Q", b"P", b"S", b"d"])
@pytest.mark.parametrize("length", [-1, 0, 3, 0x7fffffff])
def test_an_impossible_length_closes(pgring, kind, length):
    """PostgreSQL closes without a word; a FATAL that says why is as good."""
    messages = everything(pgring.port, startup(WHO), kind + struct.pack("!i", length) + b"x" * 32,
                          end=True)
    greeting = kinds(messages).index(b"Z")
    assert kinds(messages[greeting + 1:]) in (b"", b"E")


MALFORMED = {
    "query without end": message(b"Q", b"select 1"),
    "query with more behind": message(b"Q", b"select 1\0more"),
    "empty query message": message(b"Q", b""),
    "parse without text": message(b"P", b"name\0") + SYNC,
    "parse short of types": message(b"P", b"s1\0select 1\0" + struct.pack("!h", 3)) + SYNC,
    "parse with more behind": message(b"P", b"s1\0select 1\0" + struct.pack("!h", 0) + b"x") + SYNC,
    "bind short of values": message(b"B", b"\0\0" + struct.pack("!hh", 0, 5)) + SYNC,
    "bind of a huge value": message(b"B", b"\0\0" + struct.pack("!hhi", 0, 1, 1 << 30)) + SYNC,
    "bind of a negative count": message(b"B", b"\0\0" + struct.pack("!hh", 0, -5)) + SYNC,
    "empty bind": message(b"B", b"") + SYNC,
    "describe of neither": describe(b"x", "s1") + SYNC,
    "describe without end": message(b"D", b"Ss1") + SYNC,
    "empty describe": message(b"D", b"") + SYNC,
    "close of neither": close(b"x", "s1") + SYNC,
    "empty close": message(b"C", b"") + SYNC,
    "execute short of count": message(b"E", b"p1\0\0") + SYNC,
    "empty execute": message(b"E", b"") + SYNC,
    "sync with a body": message(b"S", b"more"),
    "flush with a body": message(b"H", b"more") + SYNC,
    "call without arguments": message(b"F", b"\0\0\0\1"),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_message_is_an_error(cluster, pgring, data):
    """As PostgreSQL says it and goes on, or a FATAL 08P01: never a hang, never another's answer."""
    sent = (startup(WHO), parse("s1", "select 1"), SYNC, data, query("select 'next'"), TERMINATE)
    direct, pooled = everything(cluster.port, *sent), everything(pgring.port, *sent)
    direct, pooled = [messages[kinds(messages).index(b"Z") + 1:] for messages in (direct, pooled)]
    if kinds(pooled)[-1:] == b"E":
        assert only_the_fatal(pooled)["C"] == "08P01"
        assert only_error(direct)["C"] == "08P01"
    else:
        assert kinds(pooled) == kinds(direct)
        assert [error_fields(m[1]).get("C") for m in pooled if m[0] == b"E"] == \
               [error_fields(m[1]).get("C") for m in direct if m[0] == b"E"]


def test_copy_messages_out_of_place_are_ignored(cluster, pgring):
    same(cluster, pgring, startup(WHO), message(b"d", b"1\n"), message(b"c"),
         message(b"f", b"no\0"), query("select 'next'"), TERMINATE)


NOT_FOR_COPY = {
    "query": query("select 1"), "parse": parse("s1", "select 1"), "bind": bind("", "s1"),
    "describe": describe(b"S", "s1"), "execute": execute(), "close": close(b"S", "s1"),
    "call": message(b"F", b"\0\0\0\1"), "terminate": TERMINATE,
}
COPIES = {
    "of a query": (query("create temp table c(a int) on commit drop; copy c from stdin"),),
    "with a Sync in its data": (query("begin; create temp table c(a int) on commit drop"),
                                parse("", "copy c from stdin"), bind("", ""), execute(), SYNC,
                                message(b"d", b"1\n"), SYNC),
}


@pytest.mark.parametrize("data", NOT_FOR_COPY.values(), ids=NOT_FOR_COPY.keys())
@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES.keys())
def test_a_message_that_no_copy_takes_is_refused(cluster, pgring, copy, data):
    """PostgreSQL: an error, then FATAL, as protocol synchronization was lost."""
    answers = same(cluster, pgring, startup(WHO), *copy, data)
    assert f"0x{data[0]:02X}" in answers[-2][1]["M"]
    assert answers[-1][1]["C"] == "08P01"


def test_a_batch_without_sync_and_goodbye(pgring):
    for text in ("select 1", "select 1/0"):
        batch = parse("", text), bind("", ""), execute("")
        everything(pgring.port, startup(WHO), *batch, TERMINATE)
        everything(pgring.port, startup(WHO), *batch, end=True)


def test_goodbye_at_once(pgring):
    messages = everything(pgring.port, startup(WHO), TERMINATE)
    assert b"E" not in kinds(messages)


def test_nothing_is_sent_unasked(pgring):
    """An idle connection stays silent and open."""
    with Wire(pgring.port) as client:
        client.login()
        client.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.read()
