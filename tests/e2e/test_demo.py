"""What the README begins with: `make demo`, `make run`, and `make deps`, which both begin with."""

import os
import re
import signal
import subprocess
from contextlib import contextmanager

import pytest

from support.process import BUILD, TOP, run_as, wait_until


@contextmanager
def made(target):
    """`make target` under way, in a process group of its own, as a terminal would start it."""
    # Nothing of the make that runs the tests.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    with subprocess.Popen(["make", target, "BUILD=" + os.path.relpath(BUILD, TOP)], cwd=TOP, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def assert_nothing_left(output):
    """The folders and processes that it has shown are gone."""
    folders, pids = re.findall(r"folder (\S+)", output), re.findall(r"^ *(\d+) pgringd: ", output, re.M)
    assert len(folders) == 2 and len(pids) >= 2, output
    assert not [folder for folder in folders if os.path.exists(folder)]
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "pgringd has stopped")


@pytest.mark.timeout(300)
def test_the_demo_shows_queries_and_what_connections_cost():
    with made("demo") as process:
        output = process.communicate(timeout=240)[0]
    assert process.returncode == 0, output
    assert "PostgreSQL 1" in output and "ERROR:  division by zero" in output
    assert re.search(r"^ *1 \| +10$", output, re.M), "the updated account"
    faster = re.search(r"through pgring: .* ([\d.]+) times as many", output)
    assert faster and float(faster.group(1)) > 2, output
    assert output.rstrip().endswith("stopped, nothing left behind")
    assert_nothing_left(output)


@pytest.mark.timeout(180)
def test_run_leaves_both_running_until_it_is_interrupted():
    with made("run") as process:
        output, connect = "", None
        while not connect:
            line = process.stdout.readline()
            assert line, output
            output += line
            connect = re.match(r'psql "(.*)"$', line)
        asked = subprocess.run(["psql", "-X", "-A", "-t", "-c", "select count(*) from pgbench_accounts",
                                connect.group(1)], capture_output=True, text=True, timeout=30, check=False)
        assert (asked.stdout, asked.stderr) == ("100000\n", "")
        os.killpg(process.pid, signal.SIGINT)
        output += process.communicate(timeout=60)[0]
    assert "stopped, nothing left behind" in output
    assert_nothing_left(output)


def test_what_cannot_be_installed_is_named():
    """Not being root, `make deps` says what to install."""
    without_python = {**os.environ, "PYTHON": "/nonexistent/python"}
    done = subprocess.run([os.path.join(TOP, "tests/deps"), "install"], env=without_python, cwd="/",
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **run_as())
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"make deps: .*\bplease .*: .*python3 .*python3-pytest .*\n", done.stderr)
