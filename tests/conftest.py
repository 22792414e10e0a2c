"""Fixtures of all suites which need PostgreSQL or the daemon."""

import subprocess

import pytest

from support.cluster import Cluster, server_program
from support.daemon import Pgring
from support.process import run_as


def pytest_configure(config):
    # No test may hang the run: pytest-timeout's limit, unless the test names its own.
    if not config.getoption("timeout", None):
        config.option.timeout = 60


@pytest.fixture(scope="session")
def cluster():
    """The PostgreSQL which all tests share; whoever stops or crashes one takes own_cluster."""
    shared = Cluster().start().populate()
    yield shared
    shared.remove()


@pytest.fixture
def own_cluster():
    private = Cluster().start().populate()
    yield private
    private.remove()


@pytest.fixture(scope="session")
def bench_cluster(cluster):
    """The shared cluster with pgbench's tables in database `bench`."""
    with cluster.connect(dbname="postgres") as connection:
        connection.execute("create database bench")
    subprocess.run([server_program("pgbench"), "-i", "-q", "-s", "1", "-h", cluster.directory, "-p",
                    str(cluster.port), "-U", "postgres", "bench"], check=True, cwd=cluster.directory,
                   stderr=subprocess.DEVNULL, **run_as())
    return cluster


@pytest.fixture
def make_pgring(cluster):
    """make_pgring(settings={...}, databases={...}, users={...}) starts one; each is judged at the end."""
    made = []

    def make(start=True, of=None, **configuration):
        pgring = Pgring(of or cluster, **configuration)
        made.append(pgring)
        return pgring.start() if start else pgring

    yield make
    for pgring in made:
        pgring.finish()


@pytest.fixture
def pgring(make_pgring):
    """Transaction pooling with two workers in front of the shared cluster."""
    return make_pgring()
