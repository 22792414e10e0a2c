"""Peers that vanish are looked for: TCP keepalive on the sockets of clients and of databases, as the
kernel's table of connections shows its timers."""

import os

from support.process import wait_until

ESTABLISHED, KEEPALIVE = "01", "02"


def open_files(pid):
    for entry in os.scandir("/proc/%d/fd" % pid):
        try:
            yield os.readlink(entry.path)
        except FileNotFoundError:
            continue  # closed meanwhile


def keepalive_seconds(pids):
    """Of every TCP connection of these processes, when its next probe is due; None without keepalive."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    timers = {"socket:[%s]" % row[9]: row[5].split(":") for row in rows if row[3] == ESTABLISHED}
    files = [link for pid in pids for link in open_files(pid)]
    return [int(due, 16) / os.sysconf("SC_CLK_TCK") if kind == KEEPALIVE else None
            for kind, due in map(timers.get, filter(timers.get, files))]


def test_the_settings_reach_clients_and_databases(make_pgring, cluster):
    address = "host=127.0.0.1 port=%d" % cluster.port
    pgring = make_pgring(settings={"tcp_keepidle": 60, "worker_processes": 1},
                         databases={"test": address, "other": address + " keepalives_idle=300"})

    def one(pids, low, high):
        found = keepalive_seconds(pids)
        return len(found) == 1 and found[0] is not None and low < found[0] <= high

    with pgring.connect() as client:
        client.execute("select 1")
        wait_until(lambda: one([pgring.process.pid], 50, 60), "the client's socket has the setting's time")
        wait_until(lambda: one(pgring.workers(), 50, 60), "the database's has it, too")
        pgring.query("select 1", dbname="other")
        wait_until(lambda: any(due and due > 200 for due in keepalive_seconds(pgring.workers())),
                   "the database's line goes before the setting")
        pgring.configure(settings={"tcp_keepalive": 0, "worker_processes": 1}, databases={"test": address})
        pgring.reload()
        pgring.wait_log("reloaded")
        wait_until(lambda: client.execute("select 1") and keepalive_seconds(pgring.workers()) == [None],
                   "the connection has been replaced by one without")
    with pgring.connect():
        wait_until(lambda: keepalive_seconds([pgring.process.pid]) == [None], "clients that come have none")
