"""The workloads, and what pgring must reach in them against whom."""

from collections import namedtuple
from pathlib import Path

from pgbench import SCALE

# pgring's figure divided by the other's must be at least (or, where less is better, at most) `bound`;
# where there is no other, its figure itself.
Target = namedtuple("Target", "metric against bound")
LESS_IS_BETTER = {"cpu_us", "cpu_s", "seconds", "client_kb"}

Workload = namedtuple("Workload", "name title kind clients arguments expected_tps targets")
Workload.prepared = property(lambda self: "prepared" in self.arguments)
# The metric by which candidates are compared first.
Workload.metric = property(lambda self: {"bulk": "seconds", "idle": "client_kb"}.get(self.kind, "tps"))

# The benchmarks without servers and the steps of one query, by which names they are chosen.
MICRO, HOPS = "micro", "hops"
GROWTH = (1, 8, 64, 512, 4000)
# Where throughput was greatest so far: the rounds of the most clients measure it there as well, since the
# machine's moods last longer than a round.
PEAK = 512
# The share of it that must be left with more clients.
KEPT = Target("of_peak", None, 0.85)


def _select(clients, protocol, *targets):
    return Workload("select-%s-%d" % (protocol, clients),
                    "pgbench -S -M %s, %d client%s" % (protocol, clients, "s"[:clients > 1]),
                    "pgbench", clients, ["-S", "-M", protocol], 60000 if clients > 4 else 10000,
                    targets)


def _script(name, title, clients, protocol, expected_tps):
    path = Path(__file__).resolve().parent / "scripts" / (name.replace("-", "_") + ".sql")
    return Workload("%s-%d" % (name, clients), "%s, %d clients" % (title, clients), "pgbench", clients,
                    ["-M", protocol, "-s", str(SCALE), "-f", str(path)], expected_tps, [])


def _bulk(name, title, sql, *targets):
    return Workload(name, title + ", one client", "bulk", 1, [sql], None, targets)


def peak():
    return _select(PEAK, "prepared")


def _crowded(clients):
    quiet = _select(clients, "prepared")
    return quiet._replace(name="crowded-%d" % clients, kind="crowded",
                          title=quiet.title + ", beside a computation per processor")


WORKLOADS = [
    _select(64, "prepared", Target("tps", "direct", 1.7), Target("tps", "pgbouncer", 2.2),
            Target("cpu_us", "pgbouncer", 0.5)),
    _select(512, "prepared", Target("tps", "pgbouncer", 2.6)),
    _select(64, "simple", Target("tps", "direct", 1.6), Target("tps", "pgbouncer", 1.8),
            Target("cpu_us", "pgbouncer", 0.5)),
    _select(512, "simple"),
    _select(8, "prepared", Target("tps", "pgbouncer", 1.2)),
    _select(8, "simple", Target("tps", "pgbouncer", 1.2)),
    _select(1, "prepared", Target("tps", "pgbouncer", 1.0)),
    _select(1, "simple", Target("tps", "pgbouncer", 1.0)),
    *[_crowded(clients) for clients in (64, 1)],
    # More clients than connections: with -M prepared this script would deadlock inside pgbench.
    Workload("tpcb-32", "pgbench (TPC-B), 32 clients", "pgbench", 32, ["-M", "simple"], 4000,
             [Target("tps", "pgbouncer", 1.1)]),
    Workload("connect-each-time-16", "pgbench -S -C, 16 clients", "pgbench", 16,
             ["-S", "-C", "-M", "simple"], 4000, [Target("tps", "direct", 10)]),
    _select(4000, "prepared", KEPT)._replace(kind="growth"),
    # pgbench looks at each of its connections whenever it waits, on processors that it shares with the
    # pooler. Here the load generator costs the same for any number of clients.
    _select(4000, "prepared", KEPT)._replace(
        name="many-4000", kind="many", title="the same statements, 4000 clients that wait with epoll"),
    _script("transaction", "BEGIN, two reads, COMMIT", 64, "simple", 10000),
    _script("short-report", "a sum over 1,000 rows", 16, "prepared", 15000),
    _script("long-report", "a sum over 40,000 rows", 64, "prepared", 500),
    _script("long-answer", "an answer of 100 kB each", 64, "prepared", 5000),
    _bulk("bulk-200MB", "a result of 200 MB", "select repeat('x', 1000) from generate_series(1, 200000)",
          Target("seconds", "direct", 1.05), Target("cpu_s", "pgbouncer", 0.5)),
    _bulk("bulk-short-rows", "a million short rows", "select g from generate_series(1, 1000000) g"),
    Workload("idle-memory-5000", "5,000 idle clients after a query each", "idle", 5000, [], None,
             [Target("client_kb", "pgbouncer", 1.0)]),
]


def chosen(names):
    """The workloads with these names, all when there are none; `growth` stands for those it plots."""
    growth = ["select-prepared-%d" % clients for clients in GROWTH]
    wanted = set()
    for name in names:
        wanted.update(growth if name == "growth" else [name])
    unknown = wanted - {MICRO, HOPS} - {workload.name for workload in WORKLOADS}
    assert not unknown, "unknown workloads: " + " ".join(sorted(unknown))
    return [workload for workload in WORKLOADS if not names or workload.name in wanted]
