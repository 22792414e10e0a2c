"""What processes cost and what else the machine does, read from /proc."""

import os
import time

TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count()
# Beyond these shares of the machine the figures are not worth much.
MAX_STEAL = 0.02
MAX_OTHERS = 0.08


def _stat(pid):
    """The fields of /proc/PID/stat from the state on; None when the process is gone."""
    try:
        with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def tree(root):
    """The pid and those of all its descendants; empty when it is gone."""
    children = {}
    for name in os.listdir("/proc"):
        fields = _stat(name) if name.isdigit() else None
        if fields:
            children.setdefault(int(fields[1]), []).append(int(name))
    found = [root] if _stat(root) else []
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def cpu_seconds(root):
    """User and system time of the tree, with that of children which have ended and been waited for."""
    ticks = 0
    for pid in tree(root):
        fields = _stat(pid)
        if fields:
            ticks += sum(int(value) for value in fields[11:15])
    return ticks / TICK


class Machine:
    """The whole machine's busy time between two moments, and how much of it was not ours."""

    def __init__(self):
        self._before = self._read()

    @staticmethod
    def _read():
        with open("/proc/stat", encoding="utf-8") as file:
            fields = [int(value) / TICK for value in file.readline().split()[1:9]]
        user, nice, system, idle, iowait, irq, softirq, steal = fields
        return {"busy": user + nice + system + irq + softirq, "steal": steal,
                "all": sum(fields)}

    def since(self, ours):
        """Shares of the machine since this object was made; `ours` is the benchmark's CPU seconds."""
        now = self._read()
        spent = {key: now[key] - self._before[key] for key in now}
        total = max(spent["all"], 1 / TICK)
        return {"others": max(0.0, (spent["busy"] - ours) / total), "steal": spent["steal"] / total}


def complaints(shares):
    """Why these shares make a measurement untrustworthy; empty when they do not."""
    found = []
    if shares["others"] > MAX_OTHERS:
        found.append("other processes took %.0f %% of the machine" % (100 * shares["others"]))
    if shares["steal"] > MAX_STEAL:
        found.append("the hypervisor stole %.0f %% of the machine" % (100 * shares["steal"]))
    return found


def look_around(seconds=2.0):
    """The state of the machine before anything of ours runs."""
    machine = Machine()
    runnable = []
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        time.sleep(0.1)
        with open("/proc/loadavg", encoding="utf-8") as file:
            runnable.append(int(file.read().split()[3].split("/")[0]) - 1)
    shares = machine.since(0.0)
    load = os.getloadavg()
    found = complaints(shares)
    if load[0] > 0.5 * CORES:
        found.append("load average %.1f on %d cores" % (load[0], CORES))
    return {"cores": CORES, "load": list(load), "others": shares["others"],
            "steal": shares["steal"], "runnable": sum(runnable) / len(runnable),
            "warnings": found}
