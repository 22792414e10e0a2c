"""Programs that never sleep: somebody else's report, backup or build on the same machine."""

import contextlib
import os
import subprocess
import sys

CORES = len(os.sched_getaffinity(0))


@contextlib.contextmanager
def computations(number=CORES):
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
        for each in running:
            each.wait()
