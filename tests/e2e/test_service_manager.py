"""What pgringd tells a service manager, and the sockets it takes from one."""

import os
import shutil
import signal
import socket
import subprocess
import time

import psycopg
import pytest

from support.process import is_running, run_as, wait_until


class Manager:
    """The receiving end of sd_notify(3)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o777)
        self.socket.settimeout(10)

    def next(self):
        """The next notification, as a dictionary."""
        lines = self.socket.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def manager(tmp_path_factory, monkeypatch):
    directory = "/tmp/pgring-notify-%d" % os.getpid()
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    monkeypatch.setenv("NOTIFY_SOCKET", directory + "/notify")
    yield Manager(directory + "/notify")
    shutil.rmtree(directory)


def test_start_reload_and_stop_are_told(manager, make_pgring):
    pgring = make_pgring(start=False).start(wait=False)
    ready = manager.next()
    assert ready["READY"] == "1" and ready["MAINPID"] == str(pgring.process.pid)
    assert pgring.query("select 1") == [(1,)], "ready means that clients are served"

    before = time.monotonic_ns() // 1000
    pgring.reload()
    reloading, done = manager.next(), manager.next()
    assert reloading["RELOADING"] == "1"
    assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert done["READY"] == "1" and done["STATUS"] == "serving"

    pgring.configure(extra="nonsense = 1\n")
    pgring.reload()
    assert manager.next()["RELOADING"] == "1"
    done = manager.next()
    assert done["READY"] == "1" and "reload failed" in done["STATUS"], "it serves on, and says how"

    with pgring.connect():
        pgring.expect_death = True
        pgring.send_signal(signal.SIGTERM)
        stopping = manager.next()
        assert stopping["STOPPING"] == "1" and "clients" in stopping["STATUS"]
        assert is_running(pgring.process.pid), "told when it begins, not when it is over"
    assert pgring.wait_end() == 0


def test_a_start_that_fails_is_never_ready(manager, make_pgring):
    pgring = make_pgring(start=False)
    pgring.configure(settings={"unix_socket_dir": "/nonexistent"})
    pgring.start(wait=False)
    assert pgring.wait_end() == 1
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.next()
    os.remove(pgring.log_path)  # it holds a fatal line, as it should


def test_activated_sockets_serve_over_tcp_and_unix(make_pgring):
    """systemd-socket-activate(1) listens, and starts pgringd when the first client comes."""
    pgring = make_pgring(start=False)
    unix_path = "%s/.s.PGSQL.%d" % (pgring.directory, pgring.port)
    command = ["systemd-socket-activate", "--listen=127.0.0.1:%d" % pgring.port, "--listen=" + unix_path,
               "--fdname=tcp:unix", pgring.program, pgring.config_path]
    # What the configuration says about listening does not count, even if it could not be had.
    pgring.configure(settings={"listen_addr": "192.0.2.1"})
    with open(pgring.log_path, "ab") as log:
        pgring.process = subprocess.Popen(command, cwd=pgring.directory, stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, start_new_session=True, **run_as())
    wait_until(lambda: os.path.exists(unix_path), "somebody listens")
    assert not pgring.processes()
    assert pgring.query("select 1") == [(1,)]
    assert pgring.processes(), "the first client has started it"
    with psycopg.connect(host=pgring.directory, port=pgring.port, dbname="test", user="postgres") as client:
        assert client.execute("select 2").fetchall() == [(2,)]
    pgring.wait_log('listening on the service manager.s socket "tcp"')
    assert pgring.stop() == 0
    assert os.path.exists(unix_path), "the file is the manager's, which listens on"
