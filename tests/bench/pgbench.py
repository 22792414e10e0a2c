"""One run of pgbench: its arguments, and what it and its log of sampled transactions say."""

import glob
import os
import re
import tempfile

from support.cluster import server_program
import load

# With the load generator's threads the same for every candidate, none gets more of the machine.
THREADS = 2
SCALE = 10
SAMPLED_PER_SECOND = 4000
DEADLINE = 60


def command(address, clients, arguments):
    host, port = address
    return [server_program("pgbench"), "-n", "-h", host, "-p", str(port), "-U", "postgres",
            "-c", str(clients), "-j", str(min(clients, THREADS)), *arguments, "bench"]


def logged(directory):
    """(client, microseconds of the transaction, end in microseconds) of each logged transaction."""
    for path in glob.glob(os.path.join(directory, "log.*")):
        with open(path, encoding="utf-8") as file:
            for line in file:
                fields = line.split()
                if len(fields) >= 6 and fields[2].isdigit():
                    yield int(fields[0]), int(fields[2]), int(fields[4]) * 1000000 + int(fields[5])


def latencies(directory):
    """Milliseconds of the logged transactions, in ascending order."""
    return sorted(elapsed / 1000 for _, elapsed, _ in logged(directory))


def connecting_latencies(directory):
    """The same with the time to connect, which pgbench leaves out of its log: from one end to the
    same client's next. All transactions must have been logged."""
    last, values = {}, []
    for client, _, end in sorted(logged(directory), key=lambda entry: entry[2]):
        if client in last:
            values.append((end - last[client]) / 1000)
        last[client] = end
    return sorted(values)


def percentile(ascending, share):
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))] if ascending else None


def connecting_seconds(output):
    found = re.search(r"initial connection time = ([\d.]+) ms", output)
    return float(found.group(1)) / 1000 if found else 0.0


def warm_up(address, clients, arguments):
    """Opens the pooler's connections and fills the caches. Returns how long the clients took to
    connect."""
    with tempfile.TemporaryDirectory(prefix="pgring-bench-") as directory:
        return connecting_seconds(load.run(command(address, clients, [*arguments, "-t", "10"]),
                                           DEADLINE, directory))


def measure(address, clients, arguments, seconds, expected_tps, while_running):
    """`seconds` must have room for the clients to connect, which pgbench counts as part of its time,
    but not of its throughput. `expected_tps` chooses how many transactions are sampled for the
    percentiles. while_running() is called once, near the end, under full load."""
    connecting = "-C" in arguments
    sampling = 1.0 if connecting else min(1.0, SAMPLED_PER_SECOND / expected_tps)
    with tempfile.TemporaryDirectory(prefix="pgring-bench-") as directory:
        output = load.run(command(address, clients,
                                  [*arguments, "-T", str(seconds), "-l", "--log-prefix=log",
                                   "--sampling-rate=%.4f" % sampling]),
                          seconds + DEADLINE, directory, at=0.8 * seconds, then=while_running)
        sampled = connecting_latencies(directory) if connecting else latencies(directory)
    tps = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
    done = re.search(r"transactions actually processed: (\d+)", output)
    if not tps or not done or int(done.group(1)) == 0:
        raise load.Failed("pgbench did no transaction")
    return {"tps": float(tps.group(1)), "transactions": int(done.group(1)),
            "mean_ms": 1000 * clients / float(tps.group(1)),
            "connecting_s": connecting_seconds(output),
            "p50_ms": percentile(sampled, 0.5), "p99_ms": percentile(sampled, 0.99)}
