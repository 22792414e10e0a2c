#!/usr/bin/python3
"""Measures pgring against direct connections and the poolers installed here, alternately in one run.

Prints each workload's throughput, latency, the poolers' CPU and memory, and the ratios with their
spread; writes them to build/bench.json, bench.md and bench.svg. The environment variables PGBOUNCER,
PGPOOL, ODYSSEY and PGAGROAL name other programs than the installed ones. The exit code is 1 when a run
failed, not when a target was missed.
"""

import argparse
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from support.cluster import Cluster, server_program
import clients
import contest
import hops
import load
import micro
import pgbench
import report
import summary
import usage
import workloads
from candidates import Peer
from measure import Bench

# As PostgreSQL comes, with room for many clients and without what makes one run unlike the next.
POSTGRESQL = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
              "shared_buffers": "256MB", "max_connections": "700", "wal_level": "replica",
              "max_wal_size": "4GB", "checkpoint_timeout": "1h"}


def arguments():
    names = lambda text: text.split(",")
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, help="alternating rounds (5)")
    parser.add_argument("--seconds", type=int, help="of each run of pgbench (5)")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1 second")
    parser.add_argument("--only", type=names, default=[], metavar="NAME,...",
                        help="these workloads: hops micro growth " +
                        " ".join(workload.name for workload in workloads.WORKLOADS))
    parser.add_argument("--candidates", type=names, default=[], metavar="NAME,...",
                        help="these: " + " ".join(kind.name for kind in contest.KINDS))
    chosen = parser.parse_args()
    chosen.rounds = chosen.rounds or (3 if chosen.quick else 5)
    chosen.seconds = chosen.seconds or (1 if chosen.quick else 5)
    return chosen


def fill(cluster):
    """pgbench's tables, all on the disk before anything is measured."""
    cluster.execute("create database bench", dbname="postgres")
    subprocess.run([server_program("pgbench"), "-i", "-q", "-s", str(pgbench.SCALE), "-h", cluster.directory,
                    "-p", str(cluster.port), "-U", "postgres", "bench"], check=True,
                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cluster.execute("checkpoint", dbname="bench")


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def warn(warnings):
    for warning in warnings:
        print("WARNING: " + warning, flush=True)


def new_result(chosen, machine):
    return {"date": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()), "machine": machine,
            "command": " ".join(["tests/bench/bench.py", *sys.argv[1:]]),
            "rounds": chosen.rounds, "seconds": chosen.seconds, "candidates": [], "titles": {},
            "warnings": machine["warnings"], "failures": [], "workloads": [], "growth": {},
            "micro": []}


def measure_all(chosen, result, cluster, running):
    """Adds to the result workload by workload, and writes it each time: it may take long."""
    result["titles"] = {candidate.name: candidate.title for candidate in running}
    result["candidates"] = list(result["titles"])
    print("measuring: " + ", ".join(result["titles"].values()))
    unstarted = result["failures"]
    bench = Bench(cluster, running, chosen.rounds, chosen.seconds)
    for workload in workloads.chosen(chosen.only):
        print("\n== " + workload.name, flush=True)
        rounds, refused = bench.run(workload)
        result["workloads"].append(summary.summarize(workload, rounds, refused))
        result["growth"] = summary.growth(result["workloads"])
        result["warnings"] = result["machine"]["warnings"] + bench.warnings()
        result["failures"] = unstarted + bench.failures
        print(report.text(result["workloads"][-1], result["titles"]), flush=True)
        report.write(result)


def start_all(chosen, result, cluster, running):
    """Appends to `running` at once, so that whatever has started is stopped in any case. A peer that
    cannot be started is left out, and said to be."""
    for candidate in contest.installed(cluster, chosen.candidates):
        try:
            running.append(candidate.start())
        except AssertionError as error:
            if not isinstance(candidate, Peer):
                raise
            result["failures"].append(str(error))
            print("FAILED: %s" % error, flush=True)


def stop_all(running):
    """Stops the candidates. Returns what one of them left to complain about."""
    complaints = []
    for candidate in running:
        try:
            candidate.stop()
        except AssertionError as error:
            complaints.append("%s: %s" % (candidate.name, error))
    return complaints


def with_servers(chosen, result):
    # On a disk, since commits are to cost what they cost.
    cluster, running = Cluster(settings=POSTGRESQL, parent="/var/tmp"), []
    try:
        fill(cluster.start())
        start_all(chosen, result, cluster, running)
        measure_all(chosen, result, cluster, running)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        result["failures"] += stop_all(running)
        cluster.remove()
    if report.many_points(result["growth"]):
        print("\n" + report.growth_text(result["growth"], result["titles"]))


def main():
    chosen = arguments()
    missing = clients.missing() + micro.missing()
    if missing:
        sys.exit("not built: %s; make bench builds and runs all" % ", ".join(missing))
    raise_file_limit()
    machine = usage.look_around()
    warn(machine["warnings"])
    result = new_result(chosen, machine)
    if workloads.chosen(chosen.only):
        with_servers(chosen, result)
    for name, part in (workloads.HOPS, hops), (workloads.MICRO, micro):
        if not chosen.only or name in chosen.only:
            try:
                result["micro"] += part.run()
            except load.Failed as error:
                result["failures"].append(str(error))
    print()
    warn(result["warnings"])
    for failure in result["failures"]:
        print("FAILED: " + failure)
    print("written: " + ", ".join(report.write(result)))
    sys.exit(1 if result["failures"] else 0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; build/bench.* hold the workloads that were finished")
