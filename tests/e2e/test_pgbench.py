"""pgbench, the most common load generator, runs every script in every protocol without one failure."""

import re
import subprocess

import pytest

from support.cluster import server_program

SCRIPTS = {"select": ["-S"], "simple-update": ["-N"], "tpcb": []}


def pgbench(pgring, *arguments, seconds=50):
    return subprocess.run([server_program("pgbench"), "-n", *arguments],
                          env=pgring.environment(dbname="bench"), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds, check=False)


def assert_all_done(done, transactions):
    assert done.returncode == 0, done.stderr
    counted = re.search(r"actually processed: (\d+)/(\d+)", done.stdout)
    assert counted and counted.groups() == (str(transactions), str(transactions)), done.stdout
    assert "number of failed transactions: 0 " in done.stdout
    assert "ERROR" not in done.stderr and "FATAL" not in done.stderr, done.stderr


def assert_books_balance(cluster):
    """What TPC-B promises: every table has booked the same sum."""
    sums = cluster.query("select (select sum(abalance) from pgbench_accounts),"
                         " (select sum(tbalance) from pgbench_tellers),"
                         " (select sum(bbalance) from pgbench_branches),"
                         " (select coalesce(sum(delta), 0) from pgbench_history)", dbname="bench")[0]
    assert len(set(sums)) == 1, sums


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("protocol", ["simple", "extended", "prepared"])
def test_a_run_completes(bench_cluster, pgring, protocol, script):
    # As many threads as clients: with fewer, PQprepare blocks a thread whose other client holds the
    # lock that it waits for, directly too.
    done = pgbench(pgring, "-M", protocol, "-c", "8", "-j", "8", "-t", "50", *SCRIPTS[script])
    assert_all_done(done, 400)


@pytest.mark.parametrize("protocol", ["simple", "prepared"])
def test_more_clients_than_server_connections(bench_cluster, make_pgring, protocol):
    pgring = make_pgring(settings={"default_pool_size": 3})
    done = pgbench(pgring, "-M", protocol, "-S", "-c", "40", "-j", "2", "-t", "50")
    assert_all_done(done, 2000)


@pytest.mark.parametrize("protocol", ["simple", "prepared"])
def test_a_connection_for_every_transaction(bench_cluster, pgring, protocol):
    done = pgbench(pgring, "-M", protocol, "-S", "-C", "-c", "8", "-j", "4", "-t", "50")
    assert_all_done(done, 400)


def test_tpcb_keeps_the_books_balanced(make_pgring, own_cluster):
    with own_cluster.connect(dbname="postgres") as connection:
        connection.execute("create database bench")
    pgring = make_pgring(of=own_cluster, settings={"default_pool_size": 4})
    initialised = pgbench(pgring, "-i", "-q")
    assert initialised.returncode == 0, initialised.stderr
    assert_all_done(pgbench(pgring, "-c", "16", "-j", "2", "-t", "50"), 800)
    assert_books_balance(own_cluster)


def test_pgbench_pipelines(bench_cluster, pgring, tmp_path):
    script = tmp_path / "pipeline.sql"
    script.write_text("\\set a random(1, 1000)\n\\startpipeline\n" +
                      "select abalance from pgbench_accounts where aid = :a;\n" * 10 +
                      "\\endpipeline\n")
    done = pgbench(pgring, "-M", "extended", "-c", "8", "-j", "2", "-t", "50", "-f", str(script))
    assert_all_done(done, 400)
