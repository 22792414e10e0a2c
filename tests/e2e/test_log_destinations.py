"""Syslog and journald as they receive records, and the options of the command line about the log. The
sockets of both daemons have fixed places, so pgringd runs where these are the test's own: in a mount
namespace."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from support.process import USER, is_running, run_as, wait_until

# Over /dev comes a folder with little but `log`, over /run one in which the journal's socket is.
WITHIN = ["unshare", "--mount", "/bin/sh", "-euc", """
mount --bind /dev/null "$0/dev/null"
mount --rbind "$0/dev" /dev
mount --bind "$0/run" /run
exec "$@"
"""]


def may_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


class Receiver:
    """A daemon that takes datagrams at a path where everybody may send."""

    def __init__(self, path):
        self.path = path
        self.received = []
        self.open()

    def open(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.socket.setblocking(False)

    def restart(self):
        self.socket.close()
        os.unlink(self.path)
        self.open()

    def find(self, condition):
        try:
            while True:
                self.received.append(self.socket.recv(65536).decode())
        except BlockingIOError:
            return next(filter(condition, self.received), None)


@pytest.fixture
def places():
    """The folder whose `dev` and `run` pgringd finds in place of the system's."""
    directory = tempfile.mkdtemp(prefix="pgring-log-", dir="/tmp")
    os.chmod(directory, 0o755)
    os.makedirs(os.path.join(directory, "run/systemd/journal"))
    os.mkdir(os.path.join(directory, "dev"))
    with open(os.path.join(directory, "dev/null"), "w", encoding="ascii"):
        pass
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def make_within(make_pgring, places):
    def make(**settings):
        pgring = make_pgring(start=False, settings=settings)
        return pgring.start(within=[*WITHIN, places, "setpriv", "--reuid=" + USER, "--regid=" + USER,
                                    "--clear-groups"])
    return make


def fields(datagram):
    """Of a record in the journal's native protocol, none of which has more than one line here."""
    return dict(line.split("=", 1) for line in datagram.splitlines())


@pytest.mark.skipif(not may_mount(), reason="needs root, and leave to mount")
def test_syslog_gets_records_also_after_its_restart(make_within, places):
    receiver = Receiver(os.path.join(places, "dev/log"))
    pgring = make_within(syslog=1, syslog_ident="pool7", syslog_facility="local3")
    pgring.query("select 1", user="alice")
    told = wait_until(lambda: receiver.find(lambda line: line.endswith(": connected")), "syslog has the record")
    assert re.fullmatch(r"<158>\w{3} [ \d]\d \d\d:\d\d:\d\d pool7: \[%d\] master INFO client=127\.0\.0\.1:\d+"
                        r" user=alice db=test session=\d+: connected" % pgring.process.pid, told)
    pgring.wait_log(": connected")  # as well: log_destination is auto
    receiver.restart()
    wait_until(lambda: pgring.query("select 1", user="bob") and receiver.find(lambda line: " user=bob " in line),
               "the new one has records")


@pytest.mark.skipif(not may_mount(), reason="needs root, and leave to mount")
def test_the_journal_gets_fields(make_within, places):
    receiver = Receiver(os.path.join(places, "run/systemd/journal/socket"))
    pgring = make_within(log_destination="journald", log_min_duration=0)
    pgring.query("select 'slow'", user="alice")
    told = wait_until(lambda: receiver.find(lambda record: "MESSAGE=slow statement" in record),
                      "the journal has the record")
    record = fields(told)
    assert record["SYSLOG_IDENTIFIER"] == "pgring" and record["PRIORITY"] == "6"
    assert record["SYSLOG_PID"] == str(pgring.process.pid) and record["PGRING_PROCESS"] == "master"
    assert record["PGRING_USER"] == "alice" and record["PGRING_DATABASE"] == "test"
    assert record["PGRING_STATEMENT"] == "select 'slow'" and int(record["PGRING_TOTAL_US"]) > 0


def content(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def reloads_with_debug_records(pgring, path):
    """The daemon with -v logs debug records to this file, after a reload too."""
    pgring.query("select 1")
    wait_until(lambda: re.search("DEBUG: test/postgres", content(path)), "a debug record")
    os.kill(int(content(pgring.pid_path)), signal.SIGHUP)
    wait_until(lambda: "reloaded" in content(path), "it was reloaded")
    pgring.query("select 1", dbname="other")
    wait_until(lambda: re.search("DEBUG: other/postgres", content(path)), "a debug record after the reload")


def test_v_and_q_hold_over_a_reload(make_pgring):
    pgring = make_pgring(start=False)
    path = os.path.join(pgring.directory, "own.log")
    pgring.configure(settings={"logfile": path})
    pgring.start(options=["-q", "-v"])
    reloads_with_debug_records(pgring, path)
    assert "DEBUG" not in pgring.log() and "reloaded" not in pgring.log()
    pgring.configure(settings={"logfile": path, "log_destination": "stderr, file"})
    pgring.reload()
    # -q is about auto.
    wait_until(lambda: pgring.query("select 1") and "connected" in pgring.log(), "standard error has records")


def test_d_holds_over_a_reload(make_pgring):
    pgring = make_pgring(start=False)
    path = os.path.join(pgring.directory, "own.log")
    pgring.configure(settings={"logfile": path})
    started = subprocess.run([pgring.program, "-d", "-v", pgring.config_path], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=20, check=True, **run_as())
    assert started.stdout == started.stderr == ""
    pid = int(content(pgring.pid_path))
    reloads_with_debug_records(pgring, path)
    assert os.getsid(pid) != os.getsid(0)
    os.kill(pid, signal.SIGQUIT)
    wait_until(lambda: not pgring.processes() and not is_running(pid), "it ends")
