"""No memory is allocated per query once the daemon is warm."""

import subprocess

import pytest

from support.call_counter import CallCounter, needs_counter
from support.cluster import server_program

pytestmark = needs_counter

CLIENTS = 8
SHORT_RUN = 1000
LONG_RUN = 11000
# One in a hundred of the long run's queries: buffers that grow to their final size, and what is done
# several times a second, which is more where the run takes longer.
TOLERANCE = 100


@pytest.fixture
def counted(bench_cluster, make_pgring, tmp_path, monkeypatch):
    """A daemon, and the function that adds up what its processes have allocated."""
    counter = CallCounter(tmp_path)
    # As many connections as there will ever be: to open one does allocate. To look out for slow
    # statements does not.
    pgring = counter.start(make_pgring, monkeypatch,
                           settings={"default_pool_size": 4, "min_pool_size": 4, "log_min_duration": "30s"})
    serving = pgring.titled("pgringd: master") + pgring.workers()
    return pgring, lambda: counter.of(serving).allocations


def run(pgring, protocol, transactions):
    subprocess.run([server_program("pgbench"), "-n", "-S", "-M", protocol, "-c", str(CLIENTS), "-j", "2",
                    "-t", str(transactions // CLIENTS)], env=pgring.environment(dbname="bench"),
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)


@pytest.mark.parametrize("protocol", ["simple", "extended", "prepared"])
def test_a_query_allocates_nothing(counted, protocol):
    pgring, allocations = counted
    run(pgring, protocol, LONG_RUN)  # warm
    cost = []
    for transactions in (SHORT_RUN, LONG_RUN):
        before = allocations()
        run(pgring, protocol, transactions)
        cost.append(allocations() - before)
    assert cost[0] > 0, "nothing was counted at all"
    assert cost[1] - cost[0] <= TOLERANCE, cost
