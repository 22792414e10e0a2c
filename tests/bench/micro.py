"""The micro benchmarks: the lane's ring, wake-ups and the reply pipe, without any server."""

import os
import shutil

from support.process import BUILD
import load

DEADLINE = 120


def programs():
    """(heading, command) of each."""
    wakeup = os.path.join(BUILD, "bench", "wakeup_bench")
    yield "ring", [os.path.join(BUILD, "bench", "ring_bench")]
    yield "wake-up, on any core", [wakeup]
    if shutil.which("taskset"):
        yield "wake-up, both processes on one core", ["taskset", "-c", "0", wakeup]
    yield "pipe", [os.path.join(BUILD, "bench", "pipe_bench")]


def missing():
    """Those of the programs that are not built."""
    return sorted({command[-1] for _, command in programs() if not os.path.exists(command[-1])})


def run():
    """[{part, name, value, unit}], printed as they come."""
    found = []
    for part, command in programs():
        print("\n== " + part, flush=True)
        for line in load.run(command, DEADLINE).splitlines():
            name, value, unit = line.split("\t")
            found.append({"part": part, "name": name, "value": float(value), "unit": unit})
            print("  %-50s %16s %s" % (name, "{:,.4g}".format(float(value)) if float(value) < 1000
                                       else "{:,.0f}".format(float(value)), unit), flush=True)
    return found
