"""A whole pgringd with Solaris' files in it: event ports that are armed anew after each event, doorbells
that are pipes, no splice, a plain mmap. Emulated over Linux (tests/solaris), but all of it at work."""

import os
import shutil
import signal
import subprocess

import pytest

from support.cluster import server_program
from support.process import BUILD, is_running, run_as, wait_until
from support.wire import Wire


@pytest.fixture
def solaris(make_pgring, bench_cluster):
    pgring = make_pgring(start=False, of=bench_cluster, settings={"admin_users": "postgres"})
    shutil.copy(os.path.join(BUILD, "solaris", "pgringd"), pgring.program)
    return pgring.start()


def workers(pgring):
    """Pids; titles are not shown there."""
    with Wire(pgring.port) as console:
        console.login(database="pgring")
        return [int(row[1]) for row in console.ask("SHOW WORKERS") if row[2] == "running"]


def test_many_clients_are_served(solaris):
    for protocol in ("simple", "prepared"):
        done = subprocess.run([server_program("pgbench"), "-n", "-S", "-M", protocol, "-c", "20", "-j", "2",
                               "-t", "100", "-p", str(solaris.port), "-h", "127.0.0.1", "-U", "postgres",
                               "bench"], cwd=solaris.directory, stdin=subprocess.DEVNULL, timeout=50,
                              capture_output=True, text=True, check=False, **run_as())
        assert done.returncode == 0 and "actually processed: 2000/2000" in done.stdout, done.stderr


def test_large_results_arrive_whole(solaris):
    (value,), = solaris.query("select string_agg(md5(i::text), '') from generate_series(1, 100000) i")
    assert len(value) == 3_200_000


def test_workers_come_back_and_settings_are_read_again(solaris):
    first, second = workers(solaris)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: first not in workers(solaris) and len(workers(solaris)) == 2, "another worker")
    assert solaris.query("select 1") == [(1,)] and is_running(second)
    solaris.configure(settings={**solaris.settings, "worker_processes": 1})
    solaris.reload()
    wait_until(lambda: len(workers(solaris)) == 1, "one worker is enough now")
    assert solaris.query("select 1") == [(1,)]
    solaris.expect_death = True
    assert solaris.stop(signal.SIGINT) == 0
