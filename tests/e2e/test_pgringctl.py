"""pgringctl as administrators and monitoring systems run it."""

import json
import os
import pty
import select
import shutil
import subprocess
import threading
import time

import pytest

from support.process import BUILD, run_as, wait_until

OK, WARNING, CRITICAL, USAGE = range(4)


@pytest.fixture
def daemon(make_pgring):
    return make_pgring(settings={"default_pool_size": 1})


@pytest.fixture
def ctl(daemon):
    """ctl("show", "pools") -> (exit code, standard output, standard error), as pgring's own user."""
    return controller(daemon)


def controller(daemon, where=None):
    program = os.path.join(daemon.directory, "pgringctl")
    if not os.path.exists(program):
        shutil.copy(os.path.join(BUILD, "pgringctl"), program)

    def run(*arguments):
        done = subprocess.run([program, *(where or ["-f", daemon.config_path]), *arguments], timeout=30,
                              cwd=daemon.directory, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, **run_as())
        return done.returncode, done.stdout, done.stderr

    return run


def test_show_as_table_and_as_json(daemon, ctl):
    daemon.query("select 1")
    code, output, _ = ctl("show", "pools")
    assert code == OK
    head, *lines = output.splitlines()
    assert head.split()[:3] == ["database", "user", "cl_active"]
    assert {line.split()[0] for line in lines} == {"test", "pgbouncer"}
    code, output, _ = ctl("--json", "show", "pools")
    (pool,) = [row for row in json.loads(output) if row["database"] == "test"]
    assert (code, pool["sv_idle"], pool["pool_mode"], pool["load_balance_hosts"]) == (
        OK, 1, "transaction", None)
    code, output, _ = ctl("show", "help")
    assert code == OK and "SHOW POOLS" in output and "PAUSE" in output
    code, _, errors = ctl("show", "nothing")
    assert code == CRITICAL and "POOLS" in errors


def test_the_socket_can_be_named_without_a_configuration(daemon):
    ctl = controller(daemon, ["-s", daemon.directory, "-p", str(daemon.port)])
    assert ctl("show", "version")[1].splitlines()[0] == "version"
    assert controller(daemon, ["-s", daemon.directory, "-p", "1"])("status")[0] == CRITICAL


def test_status_tells_ok_warning_critical(daemon, ctl):
    code, output, _ = ctl("status")
    assert code == OK and "2 of 2 running" in output
    with daemon.connect() as first, daemon.connect() as second:
        first.execute("begin")
        first.execute("select 1")
        waiter = threading.Thread(target=second.execute, args=["select 2"])
        waiter.start()
        code, output, _ = wait_until(lambda: (lambda found: found if found[0] else None)(
            ctl("--json", "status", "--warning-wait", "0.1", "--critical-wait", "100")), "a client waits")
        status = json.loads(output)
        assert (code, status["state"], status["clients_waiting"]) == (WARNING, "warning", 1)
        assert "test/postgres" in status["problems"][0] and status["longest_wait"] > 0.1
        assert ctl("status", "--warning-wait", "0.1", "--critical-wait", "0.1")[0] == CRITICAL
        first.execute("commit")
        waiter.join()
    assert ctl("pause", "test")[:2] == (OK, "PAUSE\n")
    code, output, _ = ctl("status")
    assert code == WARNING and "database test is paused" in output
    assert ctl("pause", "test")[0] == CRITICAL
    assert ctl("resume", "test")[:2] == (OK, "RESUME\n")
    assert ctl("status")[0] == OK


def test_reload_prints_what_is_wrong(daemon, ctl):
    assert ctl("reload")[:2] == (OK, "RELOAD\n")
    good = daemon.settings
    daemon.configure(settings={**good, "default_pool_size": "many", "nonsense": 1})
    code, _, errors = ctl("reload")
    assert code == CRITICAL and "pgring.ini:" in errors
    assert "default_pool_size" in errors and "nonsense" in errors
    code, _, errors = controller(daemon, ["-f", "/nowhere.ini"])("reload")
    assert code == CRITICAL and "/nowhere.ini" in errors and "give -s directory and -p port" in errors


def test_stop_waits_for_the_end(daemon, ctl):
    daemon.expect_death = True
    with daemon.connect() as client:
        client.execute("select 1")
        code, _, errors = ctl("stop", "--wait-for-clients", "--timeout", "1")
        assert code == CRITICAL and "still busy" in errors
    assert daemon.wait_end() == 0
    code, _, errors = ctl("status")
    assert code == CRITICAL and "cannot connect" in errors


def test_stop_by_default_lets_transactions_end(daemon, ctl):
    daemon.expect_death = True
    with daemon.connect() as client:
        client.execute("begin")
        client.execute("select 1")
        answers = []
        stopper = threading.Thread(target=lambda: answers.append(ctl("stop")))
        stopper.start()
        daemon.wait_log("stopping: waiting for running transactions")
        client.execute("select 2")
        client.execute("commit")
        stopper.join()
    assert answers[0][:2] == (OK, "pgring has stopped\n")
    assert daemon.wait_end() == 0


def test_wrong_usage(daemon, ctl):
    for arguments in [[], ["nonsense"], ["show"], ["show", "a", "b"], ["status", "--now"], ["-p", "x", "status"],
                      ["--bad", "status"], ["top", "--json"], ["show", "pools; shutdown"]]:
        code, output, errors = ctl(*arguments)
        assert code == USAGE and errors and not output, arguments
    assert ctl("--help")[0] == OK


def test_others_are_told_why_not(daemon):
    code, _, errors = controller(daemon)("-U", "somebody", "status")
    assert code == CRITICAL and "admin_users" in errors


def test_doctor_gives_commands(daemon, ctl):
    code, output, _ = ctl("--json", "doctor")
    advices = json.loads(output)
    assert code == (WARNING if advices else OK)
    for advice in advices:
        assert all(advice[key] for key in ("what", "why", "command"))
    text = ctl("doctor")[1]
    assert all(advice["command"] in text for advice in advices)
    checked = subprocess.run([daemon.program, "-t", daemon.config_path], capture_output=True, text=True,
                             timeout=10, check=True, **run_as()).stdout
    assert all(advice["command"] in checked for advice in advices)


def busy(daemon, stopping):
    with daemon.connect() as client:
        while not stopping.is_set():
            client.execute("select 1")


def test_top_once(daemon, ctl):
    stopping = threading.Event()
    worker = threading.Thread(target=busy, args=[daemon, stopping])
    worker.start()
    try:
        wait_until(lambda: "test" in ctl("show", "lanes")[1], "the client is at work")
        code, frame, _ = ctl("top", "--once", "--interval", "0.5")
        lines = frame.splitlines()
        assert code == OK and len(lines) <= 24 and max(map(len, lines)) <= 80, frame
        pool = [line.split() for line in lines if line.startswith("test/postgres")][0]
        assert pool[1] != "0", frame
        times = [line.split() for line in lines if line.split()[:1] in (["queue"], ["server"], ["total"])]
        assert len(times) == 3 and all(int(words[1]) > 0 for words in times), frame
        assert "WORKER" in frame and "room for" in lines[-1] and "\033" not in frame
        code, output, _ = ctl("top", "--once", "--json", "--interval", "0.5")
        data = json.loads(output)
        assert data["per_second"]["query_count"] > 0
        assert data["latency"]["total"]["p50_us"] > 0 and len(data["workers"]) == 2
    finally:
        stopping.set()
        worker.join()


def test_top_on_a_terminal(daemon, ctl):
    assert ctl("status")[0] == OK
    main, terminal = pty.openpty()
    program = os.path.join(daemon.directory, "pgringctl")
    top = subprocess.Popen([program, "-f", daemon.config_path, "top", "--interval", "0.1"], stdin=terminal,
                           stdout=terminal, stderr=terminal, cwd=daemon.directory, **run_as())
    os.close(terminal)
    seen = b""
    deadline = time.monotonic() + 20
    while seen.count(b"queries/s") < 3 and time.monotonic() < deadline:
        if select.select([main], [], [], 0.1)[0]:
            seen += os.read(main, 65536)
    assert seen.count(b"queries/s") >= 3, seen
    os.write(main, b"q")

    def closed():
        nonlocal seen
        if not select.select([main], [], [], 0)[0]:
            return False
        try:
            seen += os.read(main, 65536)
            return False
        except OSError:  # all has been read, and the other side is closed
            return True

    wait_until(closed, "q ends it")
    os.close(main)
    assert top.wait(10) == OK and b"\033[?1049l" in seen
