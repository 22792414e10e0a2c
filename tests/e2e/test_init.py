"""The init script, really run: what it does, what it prints, and the exit codes of the LSB."""

import os
import re
import shutil
import signal
import socket
import threading

import pytest

from support.installation import Installation
from support.process import is_running, process_title, wait_until
from support.wire import Wire

OK, FAILED, WRONG_USAGE, STOPPED, NOT_INSTALLED, NOT_CONFIGURED, NOT_RUNNING = 0, 1, 2, 3, 5, 6, 7
# Debian's shell with Debian's functions; other shells where those do not exist.
SHELLS = {"debian": (["/bin/sh"], True), "busybox": (["busybox", "sh"], False), "posh": (["posh"], False)}


@pytest.fixture(scope="module")
def shared(cluster):
    installation = Installation(cluster)
    yield installation
    installation.finish()


@pytest.fixture
def installed(shared):
    """An installation whose daemon does not run, with its own configuration and no defaults."""
    with open(shared.config_path, encoding="utf-8") as file:
        configuration = file.read()
    shared.defaults("")
    yield shared
    assert shared.init("stop")[0] == OK
    assert not shared.processes(), shared.titles()
    with open(shared.config_path, "w", encoding="utf-8") as file:
        file.write(configuration)


def script_without_lsb_functions(installed):
    plain = installed.script + ".plain"
    with open(installed.script, encoding="utf-8") as file:
        text = file.read().replace("/lib/lsb/init-functions", "/nonexistent/functions")
    with open(plain, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(plain, 0o755)
    return plain


@pytest.mark.parametrize("kind", SHELLS)
def test_start_reload_restart_stop(installed, kind):
    shell, with_functions = SHELLS[kind]
    script = None if with_functions else script_without_lsb_functions(installed)

    def init(action):
        return installed.init(action, shell, script)

    assert init("status") == (STOPPED, "pgringd is not running\n")
    assert init("reload")[0] == NOT_RUNNING
    code, output = init("start")
    assert code == OK and "Starting PostgreSQL query server: pgringd" in output, output
    assert installed.query("select 1") == [(1,)], "start comes back when clients are served"
    first = installed.pid()
    assert init("status") == (OK, "pgringd is running, pid %d\n" % first)
    assert init("start")[0] == OK and installed.pid() == first, "a second start changes nothing"

    installed.set(default_pool_size=7)
    assert init("reload")[0] == OK
    installed.wait_log("reloaded .*pgring.ini")
    assert init("restart")[0] == OK
    assert installed.pid() != first and installed.query("select 1") == [(1,)]
    assert init("try-restart")[0] == OK and init("force-reload")[0] == OK
    assert init("stop")[0] == OK
    assert not installed.processes() and init("status")[0] == STOPPED
    assert init("stop")[0] == OK and init("try-restart")[0] == OK, "nothing to do is no failure"
    assert not installed.processes()
    code, output = init("explode")
    assert code == WRONG_USAGE and "configtest" in output


def test_a_broken_file_is_named_and_changes_nothing(installed):
    assert installed.init("start")[0] == OK
    first = installed.pid()
    assert installed.init("configtest")[0] == OK
    installed.append("nonsense = 1\n")
    for action in ("configtest", "reload", "force-reload", "restart", "try-restart"):
        code, output = installed.init(action)
        assert code == NOT_CONFIGURED and re.search(r"pgring\.ini:\d+: .*nonsense", output), output
    assert installed.pid() == first and installed.query("select 1") == [(1,)]
    assert installed.init("stop")[0] == OK, "stopping needs no valid file"
    code, output = installed.init("start")
    assert code == NOT_CONFIGURED and "nonsense" in output and not installed.processes()


def test_stop_lets_a_transaction_end(installed):
    assert installed.init("start")[0] == OK
    with installed.connect() as client:
        client.execute("begin")
        client.execute("create temp table kept (value int) on commit drop")
        codes = []
        stopper = threading.Thread(target=lambda: codes.append(installed.init("stop")[0]))
        stopper.start()
        installed.wait_log("waiting for running transactions")
        client.execute("insert into kept values (1)")
        client.execute("commit")
        stopper.join()
    assert codes == [OK] and not installed.processes()


def test_stop_does_not_wait_for_ever(installed):
    installed.defaults("STOP_TIMEOUT=1\n")
    assert installed.init("start")[0] == OK
    with Wire(installed.port) as client:
        client.login()
        client.ask("begin")
        code, output = installed.init("stop")
        assert code == OK and "cut off" in output
        assert b"57P01" in b"".join(payload for _, payload in client.read_until(b"E"))
    assert not installed.processes()


def test_a_start_that_fails_says_why(installed):
    with socket.create_server(("127.0.0.1", installed.port)):
        code, output = installed.init("start")
    assert code == FAILED and str(installed.port) in output and "in use" in output, output
    assert not installed.processes()


def test_a_killed_master_is_noticed_and_started_again(installed):
    assert installed.init("start")[0] == OK
    os.kill(installed.pid(), signal.SIGKILL)
    wait_until(lambda: not installed.processes(), "nobody survives the master")
    code, output = installed.init("status")
    assert code == 1 and "pid" in output, "dead, and its pid file exists"
    with open(installed.pid_path, "w", encoding="ascii") as file:
        file.write("%d\n" % os.getpid())
    assert installed.init("status")[0] == 1, "the number may be another program's by now"
    assert installed.init("start")[0] == OK and installed.query("select 1") == [(1,)]


def test_directories_are_made_for_the_user(installed):
    for name in ("run", "var"):
        shutil.rmtree(installed.path(name), ignore_errors=True)
    assert installed.init("start")[0] == OK
    owner = os.stat("/proc/%d" % installed.pid()).st_uid
    for name in ("run/pgring", "var/log/pgring"):
        assert os.stat(installed.path(name)).st_uid == owner
    assert owner != 0


def test_defaults_are_read(installed):
    assert installed.init("start")[0] == OK
    installed.defaults("DAEMON=/nonexistent/pgringd\n")
    for action in ("start", "restart", "reload", "configtest"):
        code, output = installed.init(action)
        assert code == NOT_INSTALLED and "/nonexistent/pgringd" in output
    assert installed.init("status")[0] == OK
    assert installed.init("stop")[0] == OK, "a removed program can still be stopped"
    installed.defaults("")
    installed.set(pidfile="")
    code, output = installed.init("start")
    assert code == NOT_CONFIGURED and "pidfile" in output
    installed.defaults("PIDFILE=%s\n" % installed.pid_path)
    installed.set(pidfile=installed.pid_path)
    assert installed.init("start")[0] == OK


def test_the_descriptor_limit_is_raised(installed):
    installed.defaults("ulimit -S -n 256\n")
    assert installed.init("start")[0] == OK
    with open("/proc/%d/limits" % installed.pid(), encoding="ascii") as file:
        (soft, hard), = re.findall(r"^Max open files\s+(\d+)\s+(\d+)", file.read(), re.MULTILINE)
    assert soft == hard != "256"


def test_process_titles_say_who_is_who(installed):
    assert installed.init("start")[0] == OK
    wait_until(lambda: len(installed.titles()) >= 4, "all processes have begun")
    titles = installed.titles()
    assert {"pgringd: master", "pgringd: logger", "pgringd: worker 1", "pgringd: worker 2"} <= set(titles)
    assert all(title.startswith("pgringd: ") for title in titles)
    assert process_title(installed.pid()) == "pgringd: master"
    names = {process_title(pid): open("/proc/%d/comm" % pid, encoding="ascii").read().strip()
             for pid in installed.processes()}
    assert names["pgringd: master"] == "pgringd" and names["pgringd: worker 1"] == "pgringd:worker1"


def test_smf_method(installed):
    """Solaris' method, which uses the init script."""
    method = installed.path("lib/svc/method/pgringd")
    smf = {"SMF_FMRI": "svc:/application/database/pgringd:default"}
    code, output = installed.init("start", script=method)
    assert code == 99 and "svcadm" in output, "not started by SMF"
    assert installed.init("start", script=method, **smf)[0] == 0
    pid = installed.pid()
    assert installed.query("select 1") == [(1,)]
    installed.append("nonsense = 1\n")
    code, output = installed.init("refresh", script=method, **smf)
    assert code == 0 and "nonsense" in output and is_running(pid), "the service stays online"
    assert installed.init("stop", script=method, **smf)[0] == 0
    assert not installed.processes()
    code, output = installed.init("start", script=method, **smf)
    assert code == 96 and "nonsense" in output, "svc.startd is told that trying again is of no use"
    assert installed.init("explode", script=method, **smf)[0] == 95
