#!/usr/bin/python3
"""A private PostgreSQL with pgring in front of it, to look at.

  demo.py demo   shows real queries through it, a connection per query before and after, and stops
  demo.py run    leaves both running and prints how to connect, until Ctrl-C

build/demo links to the folders of both servers while they run.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager

from support.cluster import Cluster, server_program
from support.daemon import Pgring
from support.process import BUILD, process_title

QUERIES = [
    "select version()",
    "select count(*) as accounts from pgbench_accounts",
    "begin; update pgbench_accounts set abalance = abalance + 10 where aid = 1;"
    " select aid, abalance from pgbench_accounts where aid = 1; commit",
    "prepare account as select * from pgbench_accounts where aid = $1; execute account(2)",
    "copy (select bid, bbalance from pgbench_branches) to stdout with csv header",
    "select 1/0",
    "select backend_type, count(*) from pg_stat_activity where datname = 'bench' group by 1",
]
SECONDS = 4
CLIENTS = 16


def say(text):
    print("\n\033[1m%s\033[0m" % text if sys.stdout.isatty() else "\n" + text, flush=True)


@contextmanager
def servers():
    """Both servers, started and in the end stopped; their folders are linked from build/demo."""
    say("PostgreSQL: a private cluster")
    links = os.path.join(BUILD, "demo")
    shutil.rmtree(links, ignore_errors=True)
    os.makedirs(links)
    cluster = Cluster()
    pgring = None
    try:
        cluster.start()
        cluster.execute("create database bench", dbname="postgres")
        os.symlink(cluster.directory, os.path.join(links, "postgresql"))
        print("port %d, folder %s" % (cluster.port, cluster.directory))
        pgring = Pgring(cluster, settings={"worker_processes": 0, "max_client_conn": 1000})
        pgring.start()
        os.symlink(pgring.directory, os.path.join(links, "pgring"))
        say("pgring in front of it")
        print("port %d, folder %s" % (pgring.port, pgring.directory))
        for pid in pgring.processes():
            print("%8d %s" % (pid, process_title(pid)))
        yield cluster, pgring
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        say("stopping both")
        try:
            if pgring:
                pgring.finish()
        finally:
            cluster.remove()
            shutil.rmtree(links)
        print("stopped, nothing left behind")


def show_query(pgring, sql):
    print("\n=> " + sql, flush=True)
    subprocess.run([server_program("psql"), "-X", "-q", "-c", sql], check=False,
                   env=pgring.environment(dbname="bench"), stdin=subprocess.DEVNULL)


def connection_per_query(host, port):
    """Transactions per second of pgbench, the time to connect included."""
    done = subprocess.run([server_program("pgbench"), "-n", "-S", "-C", "-c", str(CLIENTS), "-j", "2",
                           "-T", str(SECONDS), "-h", host, "-p", str(port), "-U", "postgres", "bench"],
                          check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return float(re.search(r"tps = ([\d.]+)", done.stdout).group(1))


def demo():
    with servers() as (cluster, pgring):
        say("pgbench -i, through pgring")
        subprocess.run([server_program("pgbench"), "-i", "-q"], check=True, stdin=subprocess.DEVNULL,
                       env=pgring.environment(dbname="bench"))
        say("queries, through pgring")
        for sql in QUERIES:
            show_query(pgring, sql)
        say("a connection for every query: %d clients, %d seconds each" % (CLIENTS, SECONDS))
        direct = connection_per_query(cluster.directory, cluster.port)
        print("direct:         %8.0f queries/s" % direct, flush=True)
        pooled = connection_per_query(pgring.directory, pgring.port)
        print("through pgring: %8.0f queries/s, %.1f times as many" % (pooled, pooled / direct))


def run():
    with servers() as (_, pgring):
        subprocess.run([server_program("pgbench"), "-i", "-q"], check=True, stdin=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env=pgring.environment(dbname="bench"))
        say("connect with")
        print('psql "%s"' % pgring.dsn(dbname="bench"))
        print("the log is %s; Ctrl-C stops both" % pgring.log_path, flush=True)
        pgring.process.wait()


if __name__ == "__main__":
    if sys.argv[1:] not in (["demo"], ["run"]):
        sys.exit(__doc__)
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        demo() if sys.argv[1] == "demo" else run()
    except KeyboardInterrupt:
        sys.exit(0)
