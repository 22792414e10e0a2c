"""A COPY FROM STDIN that fails while its client goes on sending: whatever the client has sent behind it is
answered, and answered once. The server is held in the middle of the COPY by a lock, and the master by
a signal, so that the end of the COPY and the client's next messages meet in the master."""

import ctypes
import os
import signal
import struct

import pytest

from support.process import state_of, wait_until
from support.proxy import Proxy
from support.wire import (
    FLUSH, SYNC, TERMINATE, Wire, bind, execute, kinds, message, only_error, parse, query)

LOCK = 771177
REPLY, END = 0, 1  # FrameKind of common/frame.h
LIBC = ctypes.CDLL(None, use_errno=True)
SPLICE_F_NONBLOCK = 2
EXTENDED = parse("", "copy refusing from stdin") + bind("", "") + execute() + SYNC
SIMPLE = query("copy refusing from stdin")
BAD, GOOD, DONE = message(b"d", b"1\n"), message(b"d", b"2\n" * 1000), message(b"c")
BATCH = parse("p", "select 'next'") + bind("", "p") + execute() + SYNC


@pytest.fixture
def refusing(cluster):
    """A table that refuses every row, once nobody else holds the lock."""
    cluster.execute(
        "drop table if exists refusing; create table refusing (a int);"
        "create or replace function refuse() returns trigger language plpgsql as $$ begin"
        f"  perform pg_advisory_xact_lock({LOCK}); raise exception 'refused'; end $$;"
        "create trigger refuse before insert on refusing for each row execute function refuse()")
    yield
    cluster.execute("drop table refusing; drop function refuse")


@pytest.fixture
def held(cluster):
    """Connection that holds the lock."""
    with cluster.connect() as holder:
        holder.execute(f"select pg_advisory_lock({LOCK})")
        yield holder


def waits_for_lock(cluster):
    return cluster.query("select 1 from pg_stat_activity where wait_event = 'advisory'")


def frames_waiting(pid):
    """Kinds of the frames in the reply pipes whose reading end the process has; they stay there."""
    kinds = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{fd}"
        if not os.readlink(path).startswith("pipe:") or not os.lstat(path).st_mode & 0o400:
            continue
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        copy, target = os.pipe()
        LIBC.tee(reader, target, 65536, SPLICE_F_NONBLOCK)
        os.close(target)
        with open(copy, "rb") as file:
            while len(header := file.read(24)) == 24:
                length, kind = struct.unpack("=I8xB11x", header)
                kinds.append(kind)
                file.read(length)
        os.close(reader)
    return kinds


BEHIND = {
    "the end and a Sync": (EXTENDED, BAD + SYNC, GOOD + DONE + SYNC, b"", b"ZZ"),
    "another Sync and the end": (EXTENDED, BAD + SYNC, SYNC + GOOD + DONE + SYNC, b"", b"ZZZ"),
    "data in two parts": (EXTENDED, BAD + SYNC, GOOD[:700], GOOD[700:] + DONE + SYNC, b"ZZ"),
    "the end and a Query": (EXTENDED, BAD + SYNC, GOOD + DONE + query("select 'next'"), b"", b"ZTDCZ"),
    "data and a batch": (EXTENDED, BAD + SYNC, GOOD + BATCH, b"", b"Z12DCZ"),
    "the end and a batch": (EXTENDED, BAD + SYNC, GOOD + DONE + BATCH, b"", b"Z12DCZ"),
    "the end, and a batch once it is known": (EXTENDED, BAD + SYNC, GOOD + DONE, BATCH, b"Z12DCZ"),
    "the end and two batches": (EXTENDED, BAD + SYNC, DONE + BATCH + bind("", "p") + execute() + SYNC, b"",
                                b"Z12DCZ2DCZ"),
    "a Query with a COPY behind messages, and a batch":
        (parse("", "select 1") + SIMPLE, BAD, GOOD + DONE + BATCH, b"", b"Z12DCZ"),
    "simple, the end": (SIMPLE, BAD, GOOD + DONE, query("select 'next'"), b"ZTDCZ"),
    "simple, data in two parts": (SIMPLE, BAD, GOOD[:700], GOOD[700:] + DONE + query("select 'next'"),
                                  b"ZTDCZ"),
    "simple, the end and a Sync": (SIMPLE, BAD, GOOD + SYNC, query("select 'next'"), b"ZZTDCZ"),
    "simple, no end and a Query": (SIMPLE, BAD, GOOD + query("select 'next'"), b"", b"ZTDCZ"),
    "simple, no end and a batch": (SIMPLE, BAD, GOOD + BATCH, b"", b"Z12DCZ"),
}
# The COPY swallows the Sync in front of the row that it fails at, so all up to the next one is skipped.
SKIPPED = {
    "the end and a Sync": (EXTENDED, SYNC + BAD, GOOD + DONE + SYNC, b"", b"Z"),
    "the end and a batch": (EXTENDED, SYNC + BAD, GOOD + DONE + BATCH, b"", b"Z"),
    "a batch": (EXTENDED, SYNC + BAD, GOOD + BATCH, b"", b"Z"),
    "two batches": (EXTENDED, SYNC + BAD, DONE + BATCH + BATCH, b"", b"Z12DCZ"),
    "a batch once it is known": (EXTENDED, SYNC + BAD, GOOD + DONE, BATCH + BATCH, b"Z12DCZ"),
    "Flush, and a long Bind": (EXTENDED, SYNC + BAD,
                               DONE + FLUSH + bind("", "p", ["x" * 1_000_000]) + FLUSH, BATCH, b"Z"),
}


def fail_and_go_on(client, pgring, cluster, held, case, frame):
    """The COPY fails with `sent`; `behind` has come to the master when the failure does."""
    begin, sent, behind, later, answer = case
    master = pgring.process.pid
    client.send(begin).read_until(b"G")
    client.send(sent)
    wait_until(lambda: waits_for_lock(cluster), "the COPY waits for the lock")
    os.kill(master, signal.SIGSTOP)
    try:
        wait_until(lambda: state_of(master) == "T", "the master has stopped")
        client.send(behind)
        held.execute(f"select pg_advisory_unlock({LOCK})")
        wait_until(lambda: frame in frames_waiting(master), "the COPY's failure is in the pipe")
    finally:
        os.kill(master, signal.SIGCONT)
    messages = read_answers(client.send(later), answer.count(b"Z"))
    assert kinds(messages) == b"E" + answer
    assert only_error(messages)["M"] == "refused"
    assert client.ask("select 'goes on'") == [["goes on"]]


def read_answers(client, count):
    """The error, and so many ReadyForQuery."""
    messages = client.read_until(b"E")
    for _ in range(count):
        messages += client.read_until(b"Z")
    return messages


@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("case", BEHIND.values(), ids=BEHIND.keys())
def test_what_is_sent_behind_a_copy_that_fails(make_pgring, cluster, refusing, held, mode, case):
    pgring = make_pgring(settings={"pool_mode": mode})
    with Wire(pgring.port) as client:
        client.login()
        fail_and_go_on(client, pgring, cluster, held, case, END)


@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("case", SKIPPED.values(), ids=SKIPPED.keys())
def test_what_is_skipped_behind_a_copy_that_fails(make_pgring, cluster, refusing, held, mode, case):
    pgring = make_pgring(settings={"pool_mode": mode})
    with Wire(pgring.port) as client:
        client.login()
        fail_and_go_on(client, pgring, cluster, held, case, REPLY)


def test_the_reference_answers_so(cluster, refusing):
    """PostgreSQL itself, with the same bytes."""
    for begin, sent, behind, later, answer in [*BEHIND.values(), *SKIPPED.values()]:
        with Wire(cluster.port) as client:
            client.login()
            client.send(begin, sent, behind, later).read_until(b"G")
            assert kinds(read_answers(client, answer.count(b"Z"))) == b"E" + answer


BEGIN = parse("", "copy numbers from stdin") + bind("", "") + execute()
WRONG = message(b"d", b"no number\n")
STRAY = {
    "a batch behind the COPY": ([BEGIN + SYNC, GOOD + DONE + BATCH], b"12GC12DCZ"),
    "all at once": ([BEGIN + GOOD + DONE + BATCH], b"12GC12DCZ"),
    "all at once, with a Sync in between": ([BEGIN + SYNC + GOOD + DONE + BATCH], b"12GC12DCZ"),
    "no Sync behind the Execute, but in the data": ([BEGIN, GOOD + SYNC + DONE + BATCH], b"12GC12DCZ"),
    "another COPY": ([BEGIN + SYNC, DONE + BEGIN + GOOD + DONE + SYNC], b"12GC12GCZ"),
    "a COPY of a Query behind messages":
        ([parse("", "select 1") + query("copy numbers from stdin"), GOOD + DONE + BATCH], b"1GCZ12DCZ"),
    "data without a COPY": ([parse("", "select 1") + bind("", "") + execute() + GOOD + DONE + SYNC],
                            b"12DCZ"),
    "data behind the end": ([BEGIN + SYNC, GOOD + DONE + GOOD + DONE + SYNC], b"12GCZ"),
    "an end, and an Execute whose COPY is the next":
        ([parse("", "select 1") + bind("", "") + execute() + GOOD + BEGIN + DONE + SYNC], b"12DC12GCZ"),
    "a row that fails, a Sync and a batch": ([BEGIN + FLUSH, WRONG + SYNC + BATCH], b"12GEZ12DCZ"),
    "a Sync, a row that fails and two batches": ([BEGIN + FLUSH, SYNC + WRONG + BATCH + BATCH], b"12GEZ12DCZ"),
    "a row that fails and two batches": ([BEGIN + FLUSH, WRONG + BATCH + BATCH], b"12GEZ12DCZ"),
    "a row that fails, of a Query, and a batch":
        ([query("copy numbers from stdin"), WRONG + BATCH], b"GEZ12DCZ"),
    "a row that fails, of a Query, and a Query and a batch":
        ([query("copy numbers from stdin"), WRONG + query("select 1") + BATCH], b"GEZTDCZ12DCZ"),
    "a row that fails, of a Query, a Sync and a batch":
        ([query("copy numbers from stdin"), WRONG + SYNC + BATCH], b"GEZZ12DCZ"),
    "Terminate": ([BEGIN + SYNC, GOOD + TERMINATE], b"12GEE"),
    "Terminate, of a Query": ([query("copy numbers from stdin"), GOOD + TERMINATE], b"GEE"),
}


@pytest.mark.parametrize("mode", ["direct", "transaction", "session"])
@pytest.mark.parametrize("sends, answer", STRAY.values(), ids=STRAY.keys())
def test_messages_around_a_copy(make_pgring, cluster, mode, sends, answer):
    """As PostgreSQL itself answers them."""
    cluster.execute("drop table if exists numbers; create table numbers (a int)")
    port = cluster.port if mode == "direct" else make_pgring(settings={"pool_mode": mode}).port
    with Wire(port) as client:
        client.login()
        client.send(sends[0])
        messages = client.read_until(b"G") if len(sends) > 1 else []
        client.send(*sends[1:])
        for _ in range(answer.count(b"Z") or 1):
            messages += client.read_until()
        assert kinds(messages) == answer
        if answer.endswith(b"Z"):
            assert client.ask("select 'goes on'") == [["goes on"]]
        else:
            assert client.at_end()


READY, CLOSED = b"Z\0\0\0\5I", b"3\0\0\0\4"


class SecondReadyWaits(Proxy):
    """Of the answers to two Syncs behind an error, the second comes together with the answer to whatever
    is asked then."""

    def __init__(self, port):
        self.awaited, self.held = None, b""
        super().__init__(port)

    def from_server(self, received):
        if received[:1] == b"E":
            self.awaited = READY
        if self.awaited is None:
            return received
        self.held += received
        released, end, self.held = self.held.partition(self.awaited)
        if not end:
            self.held = released
            return b""
        self.awaited = CLOSED + READY if self.awaited == READY else None
        return released + end


def test_both_syncs_are_answered_however_their_answers_come(make_pgring, cluster):
    """Whether the second of them was answered pgring finds out by asking the server something else."""
    cluster.execute("drop table if exists numbers; create table numbers (a int)")
    with SecondReadyWaits(cluster.port) as proxy:
        pgring = make_pgring(databases={"*": f"host=127.0.0.1 port={proxy.port}"},
                             settings={"default_pool_size": 1})
        with Wire(pgring.port) as client:
            client.login()
            client.send(parse("", "copy numbers from stdin") + bind("", "") + execute() + SYNC)
            client.read_until(b"G")
            client.send(message(b"d", b"none\n") + SYNC + GOOD + DONE + SYNC)
            assert kinds(client.read_until() + client.read_until()) == b"EZZ"
            assert client.ask("select 'goes on'") == [["goes on"]]
    cluster.execute("drop table numbers")
