#!/usr/bin/python3
"""Where one client's query spends its time: every step from the client's send to its receipt of the
answer, from time stamps that a preloaded library takes in each process (hop_tracer.cc).

Prints what each step takes on average in those queries whose round trip is near the median, and the
median round trips with and without the stamps, and direct. A worker that is awake finds the task on
the ring: then no time counts as the doorbell's. Linux only.
"""

import bisect
import mmap
import os
import shutil
import statistics
import struct
import sys
import tempfile
from collections import namedtuple
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from support.cluster import Cluster, server_program
from support.daemon import Pgring
from support.process import BUILD, give_to_user
import load

TRACER = os.path.join(BUILD, "hop_tracer.so")
PROTOCOLS = ["simple", "prepared"]
ROUNDS, QUERIES, WARM = 5, 1500, 200  # of each round the first ones do not count
CAPACITY, HEADER = 1 << 20, 64

Entry = namedtuple("Entry", "begin end pid fd call result")
ENTRY = struct.Struct("=qqiiii")
READ, WRITE, WAIT = 1, 2, 3

STEPS = [
    "client's send wakes the master",
    "master reads, classifies, puts the task on the ring",
    "doorbell wakes the worker",
    "worker claims the task and fills its buffer",
    "worker's send wakes the backend",
    "backend runs the query",
    "backend's send wakes the worker",
    "worker reads the answer and makes a frame",
    "pipe wakes the master",
    "master reads the frame",
    "master's send wakes the client",
]


class Trace:
    """The file into which all traced processes write, and the library that does it, where every user
    can read them."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "trace")
        self.library = shutil.copy(TRACER, directory)
        with open(self.path, "wb") as file:
            file.truncate(HEADER + CAPACITY * ENTRY.size)
        os.chmod(self.path, 0o666)
        give_to_user(self.path)

    @contextmanager
    def preloaded(self):
        """What is started inside is traced."""
        os.environ.update(LD_PRELOAD=self.library, HOP_TRACE=self.path)
        try:
            yield
        finally:
            del os.environ["LD_PRELOAD"], os.environ["HOP_TRACE"]

    def entries(self):
        with open(self.path, "rb") as file, \
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
            count = int.from_bytes(memory[:8], "little")
            assert count <= CAPACITY, "the trace is full"
            return sorted(Entry(*fields) for fields in
                          ENTRY.iter_unpack(memory[HEADER:HEADER + count * ENTRY.size]))

    def clear(self):
        with open(self.path, "r+b") as file:
            file.write(bytes(8))


def pgbench(address, protocol, trace):
    """Runs one round of queries; returns what was traced of it."""
    script = trace.path + ".sql"
    with open(script, "w", encoding="utf-8") as file:
        file.write("select 1;\n")
    trace.clear()
    with trace.preloaded():
        load.run([server_program("pgbench"), "-n", "-h", address[0], "-p", str(address[1]), "-U",
                  "postgres", "-M", protocol, "-f", script, "-t", str(QUERIES), "test"], 60)
    return trace.entries()


def round_trips(entries, others=frozenset()):
    """(begin of the client's send, end of its receipt) of each query. `others` are the pids of traced
    processes that are no clients."""
    found, sent = [], None
    for entry in entries:
        if entry.pid in others or entry.result <= 0:
            continue
        if entry.call == WRITE:
            sent = entry.begin
        elif entry.call == READ and sent is not None:
            found.append((sent, entry.end))
            sent = None
    return found[WARM:]


def kind_of(pid, fd):
    """eventfd, pipe or socket; the client's socket is closed by now."""
    try:
        target = os.readlink("/proc/%d/fd/%d" % (pid, fd))
    except OSError:
        return "socket"
    return next((kind for kind in ("eventfd", "pipe") if kind in target), "socket")


class Roles:
    """Who wrote an entry, and through what."""

    def __init__(self, pgring, backends):
        self._roles = {pgring.process.pid: "master", **{pid: "worker" for pid in pgring.workers()},
                       **{pid: "backend" for pid in backends}}
        self.pids = frozenset(pgring.processes()) | frozenset(backends)
        self._kinds = {}

    def of(self, entry):
        key = (entry.pid, entry.fd)
        if key not in self._kinds:
            self._kinds[key] = kind_of(*key)
        return self._roles.get(entry.pid), entry.call, self._kinds[key]


class Window:
    """The entries of one query, in the order in which they began."""

    def __init__(self, entries, roles):
        self._entries, self._roles = entries, roles

    def first(self, role, call, kind, after):
        """The first such call that moved bytes and did not begin before `after`."""
        for entry in self._entries:
            if entry.begin >= after and entry.result > 0 and self._roles.of(entry) == (role, call, kind):
                return entry
        raise LookupError(role)

    def woke(self, entry, not_before):
        """When the process that made this call returned from its last wait before it."""
        ends = [wait.end for wait in self._entries
                if wait.pid == entry.pid and wait.call == WAIT and wait.end <= entry.begin]
        return max([not_before, *ends])

    def doorbell(self, after, before):
        for entry in self._entries:
            if after <= entry.begin < before and self._roles.of(entry) == ("master", WRITE, "eventfd"):
                return entry.begin
        return None

    def moments(self, sent, received):
        """When each step ended, and the begin of the first; whether a doorbell was rung."""
        request = self.first("master", READ, "socket", sent)
        to_server = self.first("worker", WRITE, "socket", request.end)
        rung = self.doorbell(request.end, to_server.begin)
        at_backend = self.first("backend", READ, "socket", to_server.begin)
        answer = self.first("backend", WRITE, "socket", at_backend.end)
        from_server = self.first("worker", READ, "socket", answer.begin)
        frame = self.first("worker", WRITE, "pipe", from_server.end)
        at_master = self.first("master", READ, "pipe", frame.begin)
        to_client = self.first("master", WRITE, "socket", at_master.end)
        master_woke = self.woke(request, sent)
        worker_woke = self.woke(to_server, rung or master_woke)
        return [sent, master_woke, rung or worker_woke, worker_woke, to_server.begin,
                self.woke(at_backend, to_server.begin), answer.begin,
                self.woke(from_server, answer.begin), frame.begin, self.woke(at_master, frame.begin),
                to_client.begin, received], rung is not None


def dissect(entries, roles):
    """(moments, rung) of each query that was seen at every place."""
    begins = [entry.begin for entry in entries]
    for sent, received in round_trips(entries, roles.pids):
        part = entries[bisect.bisect_left(begins, sent - 1_000_000):bisect.bisect_right(begins, received)]
        try:
            yield Window(part, roles).moments(sent, received)
        except LookupError:
            continue


def microseconds(durations):
    return statistics.median(durations) / 1000


@contextmanager
def running(cluster):
    pgring = Pgring(cluster, settings={"worker_processes": 0, "min_pool_size": 1,
                                       "log_connections": 0, "log_disconnections": 0})
    try:
        yield pgring.start()
    finally:
        pgring.finish()


def without_stamps(cluster, trace):
    """{(protocol, "direct" or "pgring"): round trip in microseconds}, alternating."""
    trips = {(protocol, name): [] for protocol in PROTOCOLS for name in ("direct", "pgring")}
    with running(cluster) as pgring:
        addresses = {"direct": (cluster.directory, cluster.port),
                     "pgring": (pgring.directory, pgring.port)}
        for _ in range(ROUNDS):
            for protocol, name in trips:
                trips[protocol, name] += round_trips(pgbench(addresses[name], protocol, trace))
    return {key: microseconds([end - begin for begin, end in found]) for key, found in trips.items()}


def with_stamps(cluster, trace):
    """{protocol: [(moments, rung)]}"""
    found = {protocol: [] for protocol in PROTOCOLS}
    with trace.preloaded():
        cluster.restart()
        traced = running(cluster)
        pgring = traced.__enter__()
    try:
        for _ in range(ROUNDS):
            for protocol in PROTOCOLS:
                entries = pgbench((pgring.directory, pgring.port), protocol, trace)
                roles = Roles(pgring, [pid for pid, *_ in cluster.backends()])
                found[protocol] += dissect(entries, roles)
    finally:
        traced.__exit__(None, None, None)
    return found


def steps_of(queries):
    """Microseconds of each step, as they add up to a round trip of common length."""
    ascending = sorted((moments for moments, _ in queries), key=lambda moments: moments[-1] - moments[0])
    middle = ascending[len(ascending) * 2 // 5:len(ascending) * 3 // 5]
    return [statistics.mean(moments[at + 1] - moments[at] for moments in middle) / 1000
            for at in range(len(STEPS))]


def lines_of(protocol, plain, queries):
    """[(name, value, unit, share of the round trip or None)] for one protocol."""
    if len(queries) < ROUNDS * (QUERIES - WARM) / 2:
        raise load.Failed("only %d queries could be followed" % len(queries))
    steps, whole = steps_of(queries), [moments[-1] - moments[0] for moments, _ in queries]
    return [
        *((name, step, "us", step / sum(steps)) for name, step in zip(STEPS, steps)),
        ("round trip, with stamps", microseconds(whole), "us", None),
        ("round trip", plain[protocol, "pgring"], "us", None),
        ("round trip, direct connection", plain[protocol, "direct"], "us", None),
        ("queries whose worker had to be woken",
         100 * statistics.mean(rung for _, rung in queries), "%", None)]


def run():
    """[{part, name, value, unit}], printed as they come; nothing where the library cannot be made."""
    if not os.path.exists(TRACER):
        return []
    found = []
    directory = tempfile.mkdtemp(prefix="pgring-hops-", dir="/tmp")
    os.chmod(directory, 0o755)
    cluster = Cluster()
    try:
        cluster.start().populate()
        trace = Trace(directory)
        plain = without_stamps(cluster, trace)
        for protocol, queries in with_stamps(cluster, trace).items():
            part = "select 1, one client, " + protocol
            print("\n== " + part, flush=True)
            for name, value, unit, share in lines_of(protocol, plain, queries):
                print("  %-56s %8.1f %-2s" % (name, value, unit) +
                      (" %4.0f %%" % (100 * share) if share is not None else ""), flush=True)
                found.append({"part": part, "name": name, "value": value, "unit": unit})
    finally:
        cluster.remove()
        shutil.rmtree(directory)
    return found


if __name__ == "__main__":
    sys.exit(0 if run() else "the library that takes the time stamps is made on Linux only")
