"""Measures one workload with all candidates in alternating rounds."""

import math
import resource
from collections import Counter

import clients
import pgbench
import report
import usage
import workloads
from load import Failed
from support.computations import computations

# What pgbench itself does before its own script, and the same start for every candidate.
BEFORE_WRITES = ("vacuum pgbench_branches", "vacuum pgbench_tellers", "truncate pgbench_history",
                 "checkpoint")
BULK_READINGS = 9


def own_cpu_seconds():
    """This program's, and that of the load generators it has waited for."""
    return sum(used.ru_utime + used.ru_stime for used in
               (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))


class Bench:
    def __init__(self, cluster, candidates, rounds, seconds):
        self._cluster, self._candidates = cluster, candidates
        self._rounds, self._seconds = rounds, seconds
        self._complaints = Counter()
        self._connecting = {}  # seconds the clients of a workload last took to connect
        self._runs = 0
        self.failures = []

    def run(self, workload):
        """(one dictionary {candidate's name: figures} for each round, {name: why it cannot})"""
        refused = {candidate.name: candidate.refuses(workload) for candidate in self._candidates
                   if candidate.refuses(workload)}
        able = [candidate for candidate in self._candidates if candidate.name not in refused]
        rounds = []
        for number in range(self._rounds):
            print("  round %d" % (number + 1), flush=True)
            rounds.append({})
            shift = min(number, 1) % max(1, len(able))  # the order goes on from the last round's
            # Who fails once is not asked again: most failures are a hang, and last long.
            able = [candidate for candidate in able[shift:] + able[:shift]
                    if self._run_one(workload, candidate, number, rounds[-1])]
        return rounds, refused

    def _run_one(self, workload, candidate, number, row):
        try:
            measurement = {"pgbench": self._pgbench, "crowded": self._crowded,
                           "growth": self._growth, "many": self._many, "bulk": self._bulk,
                           "idle": self._idle}
            row[candidate.name] = self._watched(
                lambda: measurement[workload.kind](workload, candidate, number))
            print(report.run_line(candidate.name, row[candidate.name]), flush=True)
            return True
        except Failed as error:
            self.failures.append("%s, %s, round %d: %s" % (workload.name, candidate.name, number + 1,
                                                           error))
            print("    %-10s FAILED: %s" % (candidate.name, error), flush=True)
            return False

    def _our_cpu(self):
        poolers = sum(usage.cpu_seconds(candidate.pid) for candidate in self._candidates
                      if candidate.pid)
        return own_cpu_seconds() + poolers + usage.cpu_seconds(self._cluster.process.pid)

    def _watched(self, measurement):
        """The measurement's figures, with the shares of the machine that were not ours meanwhile."""
        machine, before = usage.Machine(), self._our_cpu()
        result = measurement()
        result["machine"] = machine.since(self._our_cpu() - before)
        self._runs += 1
        for complaint in usage.complaints(result["machine"]):
            self._complaints[complaint.split(" took ")[0].split(" stole ")[0]] += 1
            print("    WARNING: " + complaint, flush=True)
        return result

    def warnings(self):
        """The runs during which the machine was too busy with other things, by cause."""
        return ["the machine was too busy to trust: %s disturbed %d of %d runs" %
                (who, count, self._runs) for who, count in self._complaints.items()]

    def _pgbench(self, workload, candidate, number):
        if "-S" not in workload.arguments:
            for sql in BEFORE_WRITES:
                self._cluster.execute(sql, "bench")
        key = (workload.name, candidate.name)
        if number == 0:
            self._connecting[key] = pgbench.warm_up(candidate.address, workload.clients,
                                                    workload.arguments)
        # Many clients have long turns: each is to have many, and what pgbench does at the beginning, for
        # one client after the other (4,000 PREPAREs take a quarter of a second), is to count for little.
        seconds = (max(self._seconds, workload.clients // 200) +
                   math.ceil(1.5 * self._connecting.get(key, 0) - 0.1))
        memory = []
        pooler = candidate.pid is not None
        before = candidate.cpu_seconds() if pooler else 0
        result = pgbench.measure(candidate.address, workload.clients, workload.arguments,
                                 seconds, workload.expected_tps,
                                 lambda: memory.append(candidate.memory() if pooler else None))
        self._connecting[key] = result["connecting_s"]
        if pooler:
            used = candidate.cpu_seconds() - before
            result.update(cpu_us=1e6 * used / result["transactions"],
                          memory_mb=memory[0] / 1e6 if memory else None)
        return result

    def _growth(self, workload, candidate, number):
        peak = self._pgbench(workloads.peak(), candidate, number)
        result = self._pgbench(workload, candidate, number)
        return {**result, "of_peak": result["tps"] / peak["tps"]}

    def _many(self, workload, candidate, _number):
        peak, result = (clients.read_rows(candidate.address, count, self._seconds)
                        for count in (workloads.PEAK, workload.clients))
        return {**result, "of_peak": result["tps"] / peak["tps"]}

    def _crowded(self, workload, candidate, number):
        with computations():
            return self._pgbench(workload, candidate, number)

    @staticmethod
    def _bulk(workload, candidate, number):
        """The median of several readings, each of which takes but a tenth of a second."""
        sql, = workload.arguments
        if number == 0:
            clients.read_bulk(candidate.address, sql)
        before = candidate.cpu_seconds() if candidate.pid else 0
        readings = [clients.read_bulk(candidate.address, sql) for _ in range(BULK_READINGS)]
        result = sorted(readings, key=lambda reading: reading["seconds"])[BULK_READINGS // 2]
        if candidate.pid:
            result["cpu_s"] = (candidate.cpu_seconds() - before) / BULK_READINGS
        return result

    def _idle(self, workload, candidate, _number):
        # A pooler keeps what earlier clients made it take: only a fresh one shows their cost.
        candidate.stop()
        candidate.start()
        # One client, so that what the first of all costs is not counted.
        pgbench.warm_up(candidate.address, 1, ["-S"])
        before = candidate.memory()
        with clients.idle(candidate.address, workload.clients):
            memory = candidate.memory()
        return {"client_kb": (memory - before) / workload.clients / 1024,
                "memory_mb": memory / 1e6}
