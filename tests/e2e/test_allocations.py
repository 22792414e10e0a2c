"""No memory is allocated per query once the daemon is warm."""

import os
import struct
import subprocess

import pytest

from support.cluster import server_program
from support.process import BUILD, give_to_user

pytestmark = pytest.mark.skipif(not os.path.exists(os.path.join(BUILD, "alloc_counter.so")) or
                                os.path.basename(BUILD) in ("asan", "tsan"),
                                reason="glibc's allocator is counted, and sanitizers bring their own")

CLIENTS = 8
SHORT_RUN = 1000
LONG_RUN = 11000
# One in a hundred of the long run's queries: buffers that grow to their final size, and what is done
# several times a second, which is more where the run takes longer.
TOLERANCE = 100


@pytest.fixture
def counted(bench_cluster, make_pgring, tmp_path, monkeypatch):
    """A daemon whose processes count their allocations, and the function that adds them up by title."""
    counts = str(tmp_path / "allocations")
    with open(counts, "wb") as file:
        file.write(bytes(16 * 256))
    os.chmod(tmp_path, 0o755)
    os.chmod(tmp_path.parent, 0o755)
    os.chmod(tmp_path.parent.parent, 0o755)
    give_to_user(counts)
    with monkeypatch.context() as preload:
        preload.setenv("ALLOC_COUNTER", counts)
        preload.setenv("LD_PRELOAD", os.path.join(BUILD, "alloc_counter.so"))
        # As many connections as there will ever be: to open one does allocate. To look out for slow
        # statements does not.
        pgring = make_pgring(settings={"default_pool_size": 4, "min_pool_size": 4,
                                       "log_min_duration": "30s"})

    def read():
        with open(counts, "rb") as file:
            entries = dict(struct.iter_unpack("=qq", file.read()))
        serving = pgring.titled("pgringd: master") + pgring.workers()
        assert all(pid in entries for pid in serving), (serving, entries)
        return sum(entries[pid] for pid in serving)

    return pgring, read


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
