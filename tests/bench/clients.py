"""Our own load generators: a reader of one large result, and a holder of idle connections."""

import os
import select
import subprocess
from contextlib import contextmanager

from support.process import BUILD
import load

BULK_SQL = "select repeat('x', 1000) from generate_series(1, 200000)"
DEADLINE = 120


def command(name, address, *arguments):
    host, port = address
    return [os.path.join(BUILD, "bench", name), host, str(port), *arguments]


def missing():
    """Those of our programs that are not built."""
    programs = [command(name, ("", 0))[0] for name in ("bulk_client", "idle_clients")]
    return [program for program in programs if not os.path.exists(program)]


def read_bulk(address):
    output = load.run(command("bulk_client", address, BULK_SQL), DEADLINE)
    seconds, size = output.split()
    return {"seconds": float(seconds), "bytes": int(size)}


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
