"""Logging: where lines go, what they say, what switches them, and that no query waits for them."""

import gzip
import json
import os
import re
import signal
import socket
import struct
import threading
import time

import psycopg
import pytest

from support.process import is_running, wait_until
from support.wire import PROTOCOL_3_0, SYNC, Wire, bind, execute, kinds, message, parse, query

TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC \[\d+\] "
                       r"(master|worker \d+|logger|status) (NOISE|DEBUG|INFO|WARNING|ERROR|FATAL)"
                       r"( client=\S+)?( user=(\S+|\".*\"))?( db=(\S+|\".*\"))?( session=\d+)?: .*")
JSON_NAMES = ["time", "level", "process", "pid", "client", "user", "database", "session", "message",
              "total_us", "queue_us", "server_us", "client_us", "statement"]


class LogFile:
    """A log file of the daemon's own, beside the standard error that every test keeps."""

    def __init__(self, pgring, name="own.log"):
        self.path = os.path.join(pgring.directory, name)

    def lines(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path, encoding="utf-8", newline="\n") as file:
            return file.read().split("\n")[:-1]

    def records(self, **wanted):
        """JSON lines with these values."""
        found = [json.loads(line) for line in self.lines()]
        return [record for record in found
                if all(record.get(name) == value for name, value in wanted.items())]

    def wait_records(self, count=1, seconds=10.0, **wanted):
        wait_until(lambda: len(self.records(**wanted)) >= count,
                   "%d records with %s in %s" % (count, wanted, self.path), seconds)
        return self.records(**wanted)

    def wait_line(self, pattern, seconds=10.0):
        return wait_until(lambda: next((line for line in self.lines() if re.search(pattern, line)), None),
                          "%s says /%s/" % (self.path, pattern), seconds)


@pytest.fixture
def make_logging(make_pgring):
    """A daemon with a log file, and that file."""

    def make(**settings):
        pgring = make_pgring(start=False)
        log = LogFile(pgring)
        pgring.configure(settings={"logfile": log.path, **settings})
        return pgring.start(), log

    return make


@pytest.fixture
def slow(make_logging):
    """Every statement is logged, as JSON."""
    return make_logging(log_format="json", log_min_duration=0, stats_period=3600)


def statements(log, count, **wanted):
    found = log.wait_records(count, message="slow statement", **wanted)
    assert len(found) == count, found
    return found


# Where lines go, and their form


def test_terminal_and_file_have_the_same_lines(make_logging):
    pgring, log = make_logging(log_destination="stderr, file")
    pgring.query("select 1")
    line = log.wait_line("disconnected: client close request")
    assert TEXT_LINE.fullmatch(line)
    wait_until(lambda: line in pgring.log().splitlines(), "standard error has it too")


def test_a_line_tells_process_client_user_database_and_session(make_logging):
    pgring, log = make_logging()
    with pgring.connect(user="alice") as client:
        with socket.socket(fileno=os.dup(client.fileno())) as own:
            port = own.getsockname()[1]
        line = log.wait_line(": connected$")
        assert re.search(r" \[%d\] master INFO client=127\.0\.0\.1:%d user=alice db=test session=\d+: "
                         % (pgring.process.pid, port), line)
    assert re.search(r"session=(\d+)", line).group() in log.wait_line("disconnected")


def raw_startup(**parameters):
    """A startup packet of bytes that need be no text."""
    body = b"".join(name.encode() + b"\0" + value + b"\0" for name, value in parameters.items()) + b"\0"
    return struct.pack("!ii", len(body) + 8, PROTOCOL_3_0) + body


EVIL = (b"eve\n2026-01-01 00:00:00.000 UTC [1] master ERROR: forged\r\n\x1b[31m\x85\xff\xc2\x85"
        b"\" db=forged {\"a\":1}\\")


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_a_client_sends_forges_no_line(make_logging, form):
    pgring, log = make_logging(log_format=form, log_min_duration=0)
    with Wire(pgring.port) as wire:
        wire.send(raw_startup(user=EVIL, database=EVIL))
        assert kinds(wire.read_until(b"ZE")) == b"E"
    with Wire(pgring.port) as wire:
        wire.login()
        wire.send(message(b"Q", b"select 1 /* " + EVIL.replace(b"\0", b"") + b" */\0"))
        wire.read_until()
    log.wait_line("select 1")
    log.wait_line(r"client.*FATAL")
    if form == "text":
        assert all(TEXT_LINE.fullmatch(line) for line in log.lines()), log.lines()
        assert not [line for line in log.lines() if "\x1b" in line or len(line.splitlines()) > 1]
        quoted = r"\"(?:[^\"\\]|\\.)*\""
        log.wait_line(r" client=\S+ user=%s db=%s session=\d+: FATAL " % (quoted, quoted))
    else:
        names = [name for record in log.records() for name in record]
        assert set(names) <= set(JSON_NAMES)
        assert [record for record in log.records(level="warning")
                if record.get("user", "").startswith("eve\n2026-01-01")]


def test_json_names_are_always_the_same_and_in_order(slow):
    pgring, log = slow
    pgring.query("select 1")
    log.wait_line("disconnected")
    for record in log.records():
        assert list(record) == [name for name in JSON_NAMES if name in record]
        assert {"time", "level", "process", "pid", "message"} <= set(record)


# Switches


def test_each_switch_switches_what_it_says(make_logging):
    pgring, log = make_logging(log_format="json", stats_period=1)
    told = {"connected": "log_connections", "disconnected": "log_disconnections",
            "FATAL 3D000": "log_pooler_errors", "stats: ": "log_stats"}

    def seen(begin):
        messages = [record["message"] for record in log.records()[begin:]]
        return {switch for text, switch in told.items() if any(m.startswith(text) for m in messages)}

    def live(expected):
        begin = len(log.records())
        pgring.query("select pg_sleep(1.1)")
        with pytest.raises(psycopg.OperationalError, match="no such database"):
            pgring.connect(dbname="absent")
        wait_until(lambda: seen(begin) >= expected, "the log tells of %s" % expected)
        return begin

    pgring.configure(databases={"test": "host=%s port=%d" % (pgring.cluster.directory, pgring.cluster.port)})
    pgring.reload()
    log.wait_line("reloaded")
    everything = set(told.values())
    live(everything)
    pgring.configure(settings={**pgring.settings, **dict.fromkeys(everything, 0)})
    pgring.reload()
    log.wait_records(2, message="reloaded " + pgring.config_path)
    begin = live(set())
    pgring.reload()
    log.wait_records(3, message="reloaded " + pgring.config_path)
    assert seen(begin) == set()


def test_errors_of_the_pooler_are_logged_with_their_client(make_pgring, own_cluster):
    pgring = make_pgring(of=own_cluster)
    with pgring.connect() as client:
        client.execute("begin")
        own_cluster.crash()
        with pytest.raises(psycopg.OperationalError):
            client.execute("select 1")
    pgring.wait_log(r"WARNING client=127\.0\.0\.1:\d+ user=postgres db=test session=\d+: FATAL (08006|57P0\d): ")


# Slow statements


SECRET = "secret"


def run_every_kind(wire):
    """Statements of every shape; returns what the log should say of each."""
    with_parameter = "select 'unnamed', $1::text"
    shapes = [
        ("select 'simple'", [query("select 'simple'")]),
        ("select $1::text", [parse("named", "select $1::text"), SYNC]),
        ("select $1::text", [bind("", "named", [SECRET]), execute(), SYNC]),
        (with_parameter, [parse("", with_parameter), bind("", "", [SECRET]), execute(), SYNC]),
        (with_parameter, [bind("", "", [SECRET]), execute(), SYNC]),
        ("select 1; select 2", [parse("", "select 1"), bind("", ""), execute(), parse("", "select 2"),
                                bind("", ""), execute(), SYNC]),
        ("copy (select 'row') to stdout", [query("copy (select 'row') to stdout")]),
        ("copy log_copied from stdin", [query("copy log_copied from stdin")]),
        ("select 1/0", [query("select 1/0")]),
    ]
    for _, messages in shapes:
        wire.send(*messages)
        if wire.read_until(b"ZG")[-1][0] == b"G":
            wire.send(message(b"d", SECRET.encode() + b"\n"), message(b"c"))
            wire.read_until()
    return [text for text, _ in shapes]


@pytest.mark.parametrize("block", ["", "begin"])
def test_the_text_of_every_kind_of_statement_and_no_parameter(slow, cluster, block):
    pgring, log = slow
    cluster.execute("create table if not exists log_copied (t text)")
    with Wire(pgring.port) as wire:
        wire.login()
        if block:
            wire.ask(block)
        expected = [block] * bool(block) + run_every_kind(wire)
    assert [record["statement"] for record in statements(log, len(expected))] == expected
    assert not [line for line in log.lines() if SECRET in line]


def test_in_session_pooling_a_statement_prepared_before_is_told_by_its_name(make_logging):
    pgring, log = make_logging(log_format="json", log_min_duration=0, pool_mode="session")
    with Wire(pgring.port) as wire:
        wire.login()
        wire.send(parse("mine", "select $1::text"), SYNC, bind("", "mine", [SECRET]), execute(), SYNC)
        wire.read_until()
        wire.read_until()
    assert [record["statement"] for record in statements(log, 2)] == ["select $1::text", "execute mine"]


def test_the_text_is_limited_and_can_be_switched_off(slow):
    pgring, log = slow
    long = "select /* %s */ 1" % ("x" * 1_000_000)
    pgring.query(long)
    told = statements(log, 1)[0]["statement"]  # of the part that was sent first, what is left of it
    assert told.endswith("...") and len(told) > 400 and long.startswith(told[:-3])
    pgring.configure(settings={**pgring.settings, "log_statement_length": 9})
    pgring.reload()
    log.wait_line("reloaded")
    pgring.query("select '\u00e4\u00e4'")
    assert statements(log, 2)[1]["statement"] == "select '..."  # not in the middle of a character
    pgring.configure(settings={**pgring.settings, "log_statement_length": 0})
    pgring.reload()
    log.wait_records(2, message="reloaded " + pgring.config_path)
    pgring.query("select 'hidden'")
    assert "statement" not in statements(log, 3)[2]


def test_only_slow_statements_are_told_with_where_their_time_went(make_logging):
    pgring, log = make_logging(log_format="json", log_min_duration="200ms", default_pool_size=1)
    with pgring.connect() as first, pgring.connect(user="postgres") as second:
        sleeper = threading.Thread(target=first.execute, args=["select pg_sleep(0.4)"])
        sleeper.start()
        wait_until(lambda: pgring.cluster.backends(where="query like '%pg_sleep(0.4)%' and state = 'active'"),
                   "the first one runs")
        second.execute("select 'waited'")
        sleeper.join()
        second.execute("select 'fast'")
        ran, waited = sorted(statements(log, 2), key=lambda record: "waited" in record["statement"])
        sessions = {record["session"] for record in log.records(message="connected")}
    assert ran["server_us"] >= 400_000 and ran["queue_us"] < 200_000 and ran["client_us"] == 0
    assert waited["queue_us"] >= 200_000 > waited["server_us"]
    for record in ran, waited:
        assert record["total_us"] == record["queue_us"] + record["server_us"] + record["client_us"]
        assert record["user"] == "postgres" and record["database"] == "test"
        assert record["client"].startswith("127.0.0.1:") and record["session"] in sessions


def test_a_client_that_does_not_read_is_told_from_a_slow_server(make_logging):
    pgring, log = make_logging(log_format="json", log_min_duration="300ms")
    with Wire(pgring.port) as wire:
        wire.login()
        wire.send(query("select repeat('x', 1000000) from generate_series(1, 20)"))
        time.sleep(0.6)  # the test's client is slow: that is what it shows
        assert kinds(wire.read_until()).count(b"D") == 20
    (record,) = statements(log, 1)
    assert record["client_us"] >= 400_000
    assert record["client_us"] > record["server_us"]


# Files


def names(directory):
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []


def content(path):
    """Of a file that may be compressed, or deleted meanwhile."""
    try:
        with (gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8")) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def test_files_by_size_compressed_and_kept_by_number(make_pgring):
    pgring = make_pgring(start=False)
    directory = os.path.join(pgring.directory, "logs")
    pgring.configure(settings={
        "log_directory": directory, "log_filename": "p-%Y%m%d_%H%M%S.log", "log_rotation_size": "20kB",
        "log_retention_count": 3, "log_compress": 1, "log_min_duration": 0, "log_destination": "file"})
    pgring.start()
    with pgring.connect() as client:
        for number in range(200):
            client.execute("select %d /* %s */" % (number, "x" * 800))

    def settled():
        files = names(directory)
        return sorted(name.rsplit(".", 1)[1] for name in files) == ["gz", "gz", "log"] and \
            any("select 199 " in content(os.path.join(directory, name)) for name in files)

    wait_until(settled, "three files, two of them compressed")
    for name in names(directory):
        assert re.fullmatch(r"p-\d{8}_\d{6}\.log(\.\d+)?(\.gz)?", name)
        text = content(os.path.join(directory, name))
        assert len(text) <= 20 * 1024 and all(TEXT_LINE.fullmatch(line) for line in text.splitlines())


def test_files_by_time(make_pgring):
    pgring = make_pgring(start=False)
    directory = os.path.join(pgring.directory, "logs")
    pgring.configure(settings={"log_directory": directory, "log_filename": "%H%M%S.log",
                               "log_rotation_age": "1s"})
    pgring.start()

    def three_files():
        pgring.query("select 1")
        return len(names(directory)) >= 3

    wait_until(three_files, "a file for each second")


def test_files_are_deleted_by_age(make_pgring):
    pgring = make_pgring(start=False)
    directory = os.path.join(pgring.directory, "logs")
    os.mkdir(directory)
    os.chmod(directory, 0o777)
    old = os.path.join(directory, "p-2001.log")
    for path, days in (old, 3), (os.path.join(directory, "p-2002.log"), 1):
        with open(path, "w", encoding="utf-8"):
            os.utime(path, (time.time() - days * 86400,) * 2)
    pgring.configure(settings={"log_directory": directory, "log_filename": "p-%Y.log",
                               "log_retention_age": "2d"})
    pgring.start()
    pgring.query("select 1")
    wait_until(lambda: not os.path.exists(old), "the old file is deleted")
    assert "p-2002.log" in names(directory)


def test_logrotate_loses_nothing(make_logging):
    pgring, log = make_logging(log_min_duration=0)
    stopping = threading.Event()
    done = []

    def work():
        with pgring.connect() as client:
            while not stopping.is_set():
                client.execute("select %d" % len(done))
                done.append(1)
                time.sleep(0.001)  # slower than the log ring: what is lost here was lost by the reopening

    worker = threading.Thread(target=work)
    worker.start()
    log.wait_line("select 0$")
    for number in range(5):
        before = len(done)
        wait_until(lambda: len(done) > before + 20, "statements run")
        os.rename(log.path, log.path + ".%d" % number)
        pgring.reload()
        wait_until(lambda: os.path.exists(log.path), "a new file")
    stopping.set()
    worker.join()
    log.wait_line(r": select %d$" % (len(done) - 1))
    text = "".join(content(path) for path in
                   [log.path + ".%d" % number for number in range(5)] + [log.path])
    assert [int(number) for number in re.findall(r": select (\d+)$", text, re.MULTILINE)] == \
        list(range(len(done)))


# Disks and deaths


def test_a_stopped_logger_delays_no_query_and_what_was_dropped_is_counted(make_logging):
    pgring, log = make_logging(log_min_duration=0, log_destination="file")
    (logger,) = wait_until(lambda: pgring.titled("pgringd: logger"), "there is a logger")
    os.kill(logger, signal.SIGSTOP)
    with pgring.connect() as client:
        begin = time.monotonic()
        for number in range(1500):
            client.execute("select %d" % number)
        assert time.monotonic() - begin < 10
    os.kill(logger, signal.SIGCONT)
    dropped = re.search(r"(\d+) log records dropped: the log ring was full",
                        log.wait_line("log records dropped")).group(1)
    told = lambda: len([line for line in log.lines() if ": select " in line])
    # Beside the statements the disconnection can have been dropped.
    wait_until(lambda: 1500 <= told() + int(dropped) <= 1501, "every record was written or counted")
    assert int(dropped) > 0


def test_a_killed_logger_is_replaced_and_the_records_survive(make_logging):
    pgring, log = make_logging(log_min_duration=0)
    (logger,) = wait_until(lambda: pgring.titled("pgringd: logger"), "there is a logger")
    os.kill(logger, signal.SIGSTOP)
    with pgring.connect() as client:
        for number in range(50):
            client.execute("select %d" % number)
        os.kill(logger, signal.SIGKILL)
        assert client.execute("select 50").fetchone() == (50,)
    log.wait_line(r"master ERROR: the logger was killed by signal 9")
    log.wait_line("disconnected")
    told = re.findall(r": select (\d+)$", "\n".join(log.lines()), re.MULTILINE)
    assert [int(number) for number in told] == list(range(51))
    assert pgring.titled("pgringd: logger") != [logger] and not is_running(logger)


def test_a_logger_killed_again_and_again_under_load_stops_nobody(make_logging):
    pgring, log = make_logging(log_min_duration=0)
    with pgring.connect() as client:
        for _ in range(2):
            logger = wait_until(lambda: pgring.titled("pgringd: logger"), "there is a logger")[0]
            os.kill(logger, signal.SIGKILL)
            for number in range(200):
                assert client.execute("select %d" % number).fetchone() == (number,)
            wait_until(lambda: pgring.titled("pgringd: logger") not in ([], [logger]), "there is a new one")
    log.wait_line("disconnected")


def test_a_full_disk_is_told_once_and_logging_goes_on_after_it(make_pgring):
    pgring = make_pgring(start=False)
    log = LogFile(pgring)
    os.symlink("/dev/full", log.path)
    pgring.configure(settings={"log_destination": "file", "logfile": log.path, "log_min_duration": 0})
    pgring.start()
    for _ in range(3):
        assert pgring.query("select 1") == [(1,)]
    pgring.wait_log("own.log.* could not be written: No space left on device")
    pgring.query("select 1")
    os.unlink(log.path)
    pgring.reload()
    log.wait_line("log records dropped: .*No space left on device")
    pgring.query("select 'again'")
    log.wait_line("select 'again'")
    assert len(re.findall("could not be written", pgring.log())) == 1


def test_a_file_that_hangs_delays_no_query(make_pgring):
    """A pipe nobody reads: opening it does not come back."""
    pgring = make_pgring(start=False)
    path = os.path.join(pgring.directory, "pipe")
    os.mkfifo(path)
    os.chmod(path, 0o666)
    pgring.configure(settings={"log_destination": "file", "logfile": path, "log_min_duration": 0})
    pgring.start()
    begin = time.monotonic()
    with pgring.connect() as client:
        for number in range(300):
            client.execute("select %d" % number)
    assert time.monotonic() - begin < 5
    received = []

    def read():
        with open(path, encoding="utf-8") as pipe:
            received.extend(pipe)

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: any("disconnected" in line for line in received), "everything arrives then")
    pgring.stop()
    reader.join()
    told = [re.search(r": select (\d+)$", line.rstrip("\n")) for line in received]
    assert [int(match.group(1)) for match in told if match] == list(range(300))
