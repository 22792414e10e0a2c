"""An administrator's day with pgring, from the README and the manual pages alone: install, configure, start,
connect, reload, read log and metrics, find a slow query, stop, remove. Only installed files are used."""

import os
import re
import subprocess

import pytest

from support.cluster import server_program
from support.installation import Installation, make
from support.process import free_port, wait_until
from support.status import get, pool_value


@pytest.fixture
def site(cluster):
    installation = Installation(cluster, init="initd logrotate")
    yield installation
    installation.finish()


def manual(site, page, section):
    """The page as man(1) shows it."""
    done = subprocess.run(["mandoc", "-Tutf8", site.path("usr/share/man/man%s/%s.%s" % (section, page, section))],
                          check=True, capture_output=True, text=True)
    return re.sub(r".\x08", "", done.stdout)


def psql(site, sql):
    done = subprocess.run([server_program("psql"), "-X", "-h", "127.0.0.1", "-p", str(site.port), "-U", "postgres",
                           "-d", "test", "-Atc", sql], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_from_installing_to_removing(site):
    # Installed: programs, manual, configuration, init script. The configuration names what is installed.
    assert "-d" in manual(site, "pgringd", 8)
    settings = manual(site, "pgring.ini", 5)
    assert "log_min_duration" in settings and "metrics_listen" in settings
    assert "/readyz" in manual(site, "pgring-metrics", 7)
    with open(site.config_path, encoding="utf-8") as file:
        assert "pidfile = " + site.pid_path in file.read()

    # Configured (ports, user and database in the fixture) and checked; the kernel is judged too.
    code, output = site.init("configtest")
    assert code == 0 and "configuration is valid" in output
    assert site.control("doctor")[0] in (0, 1)

    # Started: clients are served, by processes that tell what they are, and one that logs.
    assert site.init("start")[0] == 0
    assert psql(site, "select 6 * 7") == "42"
    assert "pgringd: master" in site.titles() and "pgringd: logger" in site.titles()
    site.wait_log("is ready, pid %d" % site.pid())
    site.wait_log(r"listening on 127\.0\.0\.1:%d" % site.port)

    # Watched.
    assert site.control("status")[0] == 0
    code, pools = site.control("show", "pools")
    assert code == 0 and "test" in pools

    # Reloaded while a client works: it stays, and the new value holds. A mistake is named and harmless.
    with site.connect() as client:
        client.execute("select 1")
        site.set(default_pool_size=3)
        assert site.init("reload")[0] == 0
        wait_until(lambda: re.search(r"default_pool_size\W+3\b", site.control("show", "config")[1]),
                   "the new value is in force")
        site.append("nonsense = 1\n")
        code, output = site.init("reload")
        assert code != 0 and re.search(r"pgring\.ini:\d+: .*nonsense", output)
        assert client.execute("select 2").fetchall() == [(2,)]
        site.replace("^nonsense = 1\n", "")

    # Metrics and slow statements are switched on where the manual says, without a restart, and read.
    metrics = free_port()
    site.set(metrics_listen=metrics, log_min_duration="200ms")
    assert site.init("reload")[0] == 0
    wait_until(lambda: "pgringd: status" in site.titles(), "the status process runs")
    before = wait_until(lambda: pool_value(metrics, "pgring_queries_total"), "metrics tell of the pool")
    psql(site, "select 'quick'")
    psql(site, "select pg_sleep(0.3)")
    wait_until(lambda: pool_value(metrics, "pgring_queries_total") == before + 2, "both statements are counted")
    assert get(metrics, "/readyz").status == 200
    assert get(metrics, "/").text.startswith("<!DOCTYPE html>")
    slow = site.wait_log(r"^.* user=postgres db=test .*slow statement: total=(\d+)\.\d+ms queue=\S+ server=(\d+)\."
                         r".*: select pg_sleep\(0\.3\)$")
    assert 300 <= int(slow.group(2)) <= int(slow.group(1))
    assert "quick" not in site.log()
    code, screen = site.control("top", "--once", "--interval", "0.1")
    assert code == 0 and "test/postgres" in screen

    # The log is turned over as logrotate does it: move, then HUP; nothing more goes to the old file.
    os.rename(site.log_path, site.log_path + ".1")
    assert site.init("reload")[0] == 0
    wait_until(lambda: os.path.exists(site.log_path), "a new log file")
    site.wait_log("reloaded")

    # Stopped and removed; what the administrator wrote stays, and nothing else.
    assert site.init("stop")[0] == 0
    assert site.init("status")[0] == 3 and not site.processes()
    assert "kept" in make("uninstall", *site.variables)
    left = {os.path.relpath(os.path.join(folder, name), site.directory)
            for folder, _, names in os.walk(site.directory) for name in names}
    assert left == {"etc/pgring/pgring.ini", "var/log/pgring/pgring.log", "var/log/pgring/pgring.log.1"}
