"""Our own load generators: a reader of one large result, many clients of short statements, and a holder
of idle connections."""

import os
import select
import subprocess
from contextlib import contextmanager

from support.process import BUILD
import load
import pgbench

DEADLINE = 120


def command(name, address, *arguments):
    host, port = address
    return [os.path.join(BUILD, "bench", name), host, str(port), *arguments]


def missing():
    """Those of our programs that are not built."""
    programs = [command(name, ("", 0))[0] for name in ("bulk_client", "many_clients", "idle_clients")]
    return [program for program in programs if not os.path.exists(program)]


def read_bulk(address, sql):
    output = load.run(command("bulk_client", address, sql), DEADLINE)
    seconds, size = output.split()
    return {"seconds": float(seconds), "bytes": int(size)}


def read_rows(address, count, seconds):
    """`count` clients that read one row each by its key, as pgbench -S does, over and over."""
    accounts = 100000 * pgbench.SCALE
    output = load.run(command("many_clients", address, str(count), str(pgbench.THREADS), str(seconds),
                              str(accounts)), seconds + DEADLINE)
    done, elapsed, p50, p99 = output.split()
    return {"tps": int(done) / float(elapsed), "transactions": int(done), "p50_ms": float(p50),
            "p99_ms": float(p99)}


@contextmanager
def idle(address, count):
    """Inside, `count` clients are connected and do nothing."""
    child = subprocess.Popen(command("idle_clients", address, str(count)), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        # Readable also when the program ends without being ready.
        if not select.select([child.stdout], [], [], DEADLINE)[0]:
            raise load.Failed("the idle clients hang")
        if child.stdout.readline() != "ready\n":
            raise load.Failed(child.stderr.read().strip() or "the idle clients failed")
        yield
    finally:
        child.stdin.close()
        try:
            child.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
