"""Starting and watching processes: as the user PostgreSQL wants, with deadlines, on free ports."""

import os
import pwd
import random
import socket
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
USER = "postgres"


def run_as():
    """Arguments of subprocess.Popen which give root's privilege away; PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(USER)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def give_to_user(path):
    """Lets the processes started with run_as() write to the path."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(USER)
        os.chown(path, account.pw_uid, account.pw_gid)


def wait_until(condition, what, seconds=10.0):
    """Returns the condition's first true value; fails the test when none came in time, and says what
    was waited for: a text or a function that tells it then."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("not within %g s: %s" % (seconds, what() if callable(what) else what))
        time.sleep(0.01)


def cpu_seconds_of(pid):
    """User and system time of one process."""
    with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port():
    """A TCP port nobody has, below the range from which the kernel takes outgoing ones."""
    while True:
        port = random.randrange(12000, 30000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def process_title(pid):
    """The command line as ps shows it; empty for a process which is gone or a zombie."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read().rstrip(b"\0").replace(b"\0", b" ").decode()
    except OSError:
        return ""


def state_of(pid):
    """The kernel's letter for what it does: R, S, D, T (stopped), Z; empty when it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


def is_running(pid):
    return state_of(pid) not in ("", "Z", "X")


def processes_of(program):
    """Pids of all processes that execute this very file."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.readlink("/proc/%s/exe" % name).replace(" (deleted)", "") == program:
                    found.append(int(name))
            except OSError:
                continue
    return sorted(found)


def memory_of(pids):
    """Bytes these processes hold together; a page that several share counts once."""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/smaps_rollup" % pid, encoding="utf-8") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            continue
    return total * 1024


def open_files_of(pid):
    return len(os.listdir("/proc/%d/fd" % pid))
