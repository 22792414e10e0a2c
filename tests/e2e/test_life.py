"""Starting, stopping and restarting the daemon."""

import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from support.cluster import server_program
from support.process import is_running, process_title, run_as, wait_until
from support.wire import Wire, kinds

FIN_WAIT_2, TIME_WAIT = "05", "06"


def socket_states(port):
    """The states of all TCP connections at this local port, as the kernel's table names them."""
    with open("/proc/net/tcp", encoding="utf-8") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return [row[3] for row in rows if row[1].endswith(":%04X" % port)]


def refuses(pgring):
    try:
        pgring.connect(connect_timeout=5).close()
        return False
    except psycopg.OperationalError:
        return True


def run(pgring, *arguments, **more):
    return subprocess.run([pgring.program, *arguments], cwd=pgring.directory, capture_output=True,
                          text=True, timeout=20, check=False, stdin=subprocess.DEVNULL,
                          **{**run_as(), **more})


def test_every_process_says_who_it_is(make_pgring):
    pgring = make_pgring(settings={"worker_processes": 3})
    titles = [process_title(pid) for pid in pgring.processes()]
    assert titles.count("pgringd: master") == 1
    assert sorted(title for title in titles if "worker" in title) == \
        ["pgringd: worker %d" % number for number in (1, 2, 3)]
    assert all(title.startswith("pgringd: ") for title in titles)


def test_it_listens_on_tcp_over_both_protocols_and_on_its_socket(make_pgring):
    pgring = make_pgring(settings={"listen_addr": "127.0.0.1, ::1"})
    for host in ("127.0.0.1", "::1", pgring.directory):
        with psycopg.connect(host=host, port=pgring.port, user="postgres", dbname="test") as client:
            assert client.execute("select 1").fetchone() == (1,)


def test_a_star_listens_everywhere(make_pgring):
    pgring = make_pgring(settings={"listen_addr": "*"})
    for host in ("127.0.0.1", "::1", "127.0.0.2"):
        assert pgring.query("select 1", dbname="test") == [(1,)]
        socket.create_connection((host, pgring.port), timeout=5).close()


def test_the_socket_has_its_mode_and_goes_with_the_daemon(make_pgring):
    pgring = make_pgring(settings={"unix_socket_mode": "0700"})
    path = os.path.join(pgring.directory, ".s.PGSQL.%d" % pgring.port)
    assert os.stat(path).st_mode & 0o777 == 0o700
    pgring.stop()
    assert not os.path.exists(path)


def test_the_pid_file_names_the_master_and_goes_with_it(pgring):
    with open(pgring.pid_path, encoding="ascii") as file:
        assert int(file.read()) == pgring.process.pid
    pgring.stop()
    assert not os.path.exists(pgring.pid_path)


def test_a_second_daemon_with_the_same_pid_file_is_refused(pgring, make_pgring):
    second = make_pgring(start=False, settings={"pidfile": pgring.pid_path})
    done = run(second, second.config_path)
    assert done.returncode != 0
    assert pgring.pid_path in done.stderr and str(pgring.process.pid) in done.stderr
    with open(pgring.pid_path, encoding="ascii") as file:
        assert int(file.read()) == pgring.process.pid
    assert pgring.query("select 1") == [(1,)]


@pytest.mark.parametrize("content", ["", "garbage\n", "999999999\n", "%d\n" % os.getpid()])
def test_a_stale_pid_file_is_taken_over(make_pgring, content):
    """Also if some other process has the number by now: the lock on the file tells, not the number."""
    pgring = make_pgring(start=False)
    with open(pgring.pid_path, "w", encoding="ascii") as file:
        file.write(content)
    os.chmod(pgring.pid_path, 0o666)
    pgring.start()
    with open(pgring.pid_path, encoding="ascii") as file:
        assert int(file.read()) == pgring.process.pid


def test_after_kill_9_nothing_is_left_and_a_new_one_starts(make_pgring):
    pgring = make_pgring()
    pgring.query("select 1")
    pgring.send_signal(signal.SIGKILL)
    pgring.wait_end()
    wait_until(lambda: not pgring.processes(), "workers leave with their master")
    pgring.start()
    assert pgring.query("select 2") == [(2,)]


def test_sigterm_waits_for_the_clients(pgring):
    with pgring.connect() as client:
        pgring.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(pgring), "new clients are refused")
        assert client.execute("select 'still served'").fetchone() == ("still served",)
        assert pgring.process.poll() is None
    assert pgring.wait_end() == 0


def test_sigint_waits_for_the_servers_in_use(pgring):
    with pgring.connect(autocommit=False) as busy, pgring.connect() as idle:
        busy.execute("select 1")
        idle.execute("select 1")
        pgring.send_signal(signal.SIGINT)
        wait_until(lambda: refuses(pgring), "new clients are refused")
        assert busy.execute("select 'still served'").fetchone() == ("still served",)
        assert pgring.process.poll() is None
        busy.commit()
        assert pgring.wait_end() == 0


def test_a_signal_to_every_process_is_a_matter_of_the_master(pgring):
    """As of Ctrl-C in a terminal, or of a service manager."""
    with pgring.connect(autocommit=False) as busy:
        busy.execute("select 1")
        os.killpg(pgring.process.pid, signal.SIGINT)
        wait_until(lambda: refuses(pgring), "new clients are refused")
        assert busy.execute("select 'still served'").fetchone() == ("still served",)
    assert pgring.wait_end() == 0
    assert "killed by signal" not in pgring.log()


def test_sigquit_stops_at_once(pgring):
    with Wire(pgring.port) as busy:
        busy.login()
        busy.ask("begin")
        pgring.send_signal(signal.SIGQUIT)
        assert pgring.wait_end(5) == 0
        assert kinds(busy.read_until()) in (b"", b"E")


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_stops_at_once(pgring, first, second):
    with Wire(pgring.port) as busy:
        busy.login()
        busy.ask("begin")
        pgring.send_signal(first)
        wait_until(lambda: refuses(pgring), "new clients are refused")
        assert pgring.process.poll() is None
        pgring.send_signal(second)
        assert pgring.wait_end(5) == 0
        assert kinds(busy.read_until()) in (b"", b"E")


def test_a_restart_binds_beside_fin_wait_2_and_time_wait(pgring):
    """The server closes first, so that the port's old connections linger in both states."""
    held = [Wire(pgring.port) for _ in range(5)]
    for wire in held:
        wire.login()
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(subprocess.run, [server_program("pgbench"), "-n", "-c", "8", "-T", "30", "-f",
                                            "/dev/stdin"], input="select 1;\n", text=True,
                           env=pgring.environment(), capture_output=True, timeout=50, check=False)
        wait_until(lambda: len(socket_states(pgring.port)) > 8, "pgbench is connected")
        pgring.stop()
        wait_until(lambda: FIN_WAIT_2 in socket_states(pgring.port), "connections in FIN_WAIT_2")
        pgring.start()
        assert pgring.query("select 1") == [(1,)]
        load.result()
    pgring.stop()
    for wire in held:
        wire.read_until()  # closing with bytes unread would reset the connection
        wire.socket.close()
    wait_until(lambda: TIME_WAIT in socket_states(pgring.port), "connections in TIME_WAIT")
    pgring.start()
    assert pgring.query("select 2") == [(2,)]


def test_a_port_in_use_is_named(pgring, make_pgring):
    other = make_pgring(start=False)
    other.port = pgring.port
    other.configure()
    done = run(other, other.config_path)
    assert done.returncode != 0
    assert str(pgring.port) in done.stderr and "in use" in done.stderr


def test_the_daemon_goes_to_the_background(make_pgring):
    pgring = make_pgring(start=False)
    pgring.configure(settings={"logfile": pgring.log_path})
    done = run(pgring, "-d", pgring.config_path)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: os.path.exists(pgring.pid_path), "the pid file appears")
    with open(pgring.pid_path, encoding="ascii") as file:
        master = int(file.read())
    assert is_running(master) and os.getsid(master) != os.getsid(0)
    wait_until(lambda: not refuses(pgring), "it serves")
    assert pgring.query("select 1") == [(1,)]
    os.kill(master, signal.SIGQUIT)
    wait_until(lambda: not pgring.processes(), "the daemon stops")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to another user")
def test_u_gives_root_away(make_pgring):
    pgring = make_pgring(start=False)
    pgring.process = subprocess.Popen([pgring.program, "-u", "postgres", pgring.config_path],
                                      cwd=pgring.directory, stdin=subprocess.DEVNULL,
                                      stderr=open(pgring.log_path, "ab"), start_new_session=True)
    wait_until(pgring.accepts, "pgringd accepts connections")
    owners = {os.stat("/proc/%d" % pid).st_uid for pid in pgring.processes()}
    assert owners == {run_as()["user"]}
    assert pgring.query("select 1") == [(1,)]


@pytest.mark.parametrize("option", ["-V", "-h"])
def test_version_and_help(make_pgring, option):
    done = run(make_pgring(start=False), option)
    assert done.returncode == 0 and "pgring" in done.stdout.lower() and done.stderr == ""


def test_an_unknown_option_is_refused(make_pgring):
    done = run(make_pgring(start=False), "-Z")
    assert done.returncode != 0 and "usage" in done.stderr.lower()
