"""The admin console: tables as PgBouncer has them, numbers that add up, rights, and control under load."""

import os
import subprocess
import threading

import psycopg
import pytest

from support.process import run_as, wait_until
from support.wire import SYNC, Wire, bind, close, describe, execute, kinds, only_error, parse, query

TEXT, INT4, INT8, NUMERIC = 25, 23, 20, 1700
COUNTERS = ["server_assignment_count", "xact_count", "query_count", "received", "sent", "xact_time",
            "query_time", "wait_time", "client_parse_count", "server_parse_count", "bind_count",
            "client_login_count"]
CONNECTION = ("type:s user:s database:s replication:s state:s addr:s port:i local_addr:s local_port:i "
              "connect_time:s request_time:s wait:i wait_us:i close_needed:i ptr:s link:s remote_pid:i "
              "tls:s application_name:s prepared_statements:i id:i")
BUFFERS = " recv_pos:i pkt_pos:i pkt_remain:i send_pos:i send_remain:i pkt_avail:i send_avail:i"
TABLES = {
    "POOLS": "database:s user:s cl_active:i cl_waiting:i cl_active_cancel_req:i cl_waiting_cancel_req:i "
             "sv_active:i sv_active_cancel:i sv_being_canceled:i sv_idle:i sv_used:i sv_tested:i "
             "sv_login:i maxwait:i maxwait_us:i pool_mode:s load_balance_hosts:s",
    "STATS": "database:s " + " ".join("total_%s:n" % name for name in COUNTERS) + " " +
             " ".join("avg_%s:n" % {"received": "recv"}.get(name, name) for name in COUNTERS),
    "TOTALS": "name:s value:n",
    "CLIENTS": CONNECTION,
    "SERVERS": CONNECTION,
    "SOCKETS": CONNECTION + BUFFERS,
    "ACTIVE_SOCKETS": CONNECTION + BUFFERS,
    "DATABASES": "name:s host:s port:i database:s force_user:s pool_size:i min_pool_size:i "
                 "reserve_pool_size:i server_lifetime:s pool_mode:s load_balance_hosts:s "
                 "max_connections:i current_connections:i max_client_connections:i "
                 "current_client_connections:i paused:i disabled:i",
    "USERS": "name:s pool_size:s reserve_pool_size:s pool_mode:s max_user_connections:i "
             "current_connections:i max_user_client_connections:i current_client_connections:i",
    "LISTS": "list:s items:i",
    "CONFIG": "key:s value:s default:s changeable:s",
    "PEERS": "peer_id:i host:s port:i pool_size:i",
    "PEER_POOLS": "peer_id:i cl_active_cancel_req:i cl_waiting_cancel_req:i sv_active_cancel:i sv_login:i",
    "MEM": "name:s size:i used:i free:i memtotal:i",
    "DNS_HOSTS": "hostname:s ttl:q addrs:s",
    "DNS_ZONES": "zonename:s serial:q count:i",
    "STATE": "key:s value:s",
    "VERSION": "version:s",
    "CLIENT_ENCODING": "client_encoding:s",
    "WORKERS": "worker:i pid:i state:s sleeping:i uptime:q restarts:i connections:i active:i idle:i "
               "login:i tasks_claimed:q tasks_pipelined:q tasks_retried:q connections_opened:q "
               "connections_failed:q cancels_sent:q sleeps:q naps:q server_parses:q bytes_to_server:q "
               "bytes_from_server:q",
    "LANES": "lane:i database:s user:s options:s pool_mode:s paused:i published:q depth:i overflow:i "
             "oldest_wait_us:q room:i connections:i active:i idle:i login:i pipeline_depth:i "
             "clients_active:i clients_waiting:i clients_idle:i queries:q errors:q "
             "service_us:i gathering:i gathered:q line_limit:i",
    "LATENCY": "database:s user:s time:s count:q avg_us:q p50_us:q p95_us:q p99_us:q p999_us:q",
    "HISTOGRAMS": "database:s user:s time:s below_us:q count:q",
}
OIDS = {"s": TEXT, "i": INT4, "q": INT8, "n": NUMERIC}


@pytest.fixture
def daemon(make_pgring):
    return make_pgring(settings={"admin_users": "boss", "stats_users": "guest", "stats_period": 1,
                                 "log_stats": 1})


@pytest.fixture
def boss(daemon):
    with console(daemon, "boss") as connection:
        yield connection


def console(daemon, user, **more):
    return daemon.connect(dbname="pgbouncer", user=user, **more)


def rows(connection, command):
    """The rows as dictionaries, over the simple protocol."""
    cursor = psycopg.ClientCursor(connection)
    cursor.execute(command)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def row_of(connection, command, **wanted):
    found = [row for row in rows(connection, command)
             if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, (command, wanted, found)
    return found[0]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("cursor", [psycopg.ClientCursor, psycopg.Cursor], ids=["simple", "extended"])
def test_columns_and_types(daemon, boss, table, cursor):
    daemon.query("select 1")
    answer = cursor(boss)
    answer.execute("SHOW " + table)
    columns = [(column.name, column.type_code) for column in answer.description]
    assert columns == [(name, OIDS[kind]) for name, kind in
                       (word.split(":") for word in TABLES[table].split())]
    answer.fetchall()


def test_totals_and_averages_have_the_columns_without_their_prefixes(boss):
    names = [name.replace("received", "bytes_received").replace("sent", "bytes_sent") for name in COUNTERS]
    for table in "STATS_TOTALS", "STATS_AVERAGES":
        answer = boss.execute("show %s;" % table)
        columns = [column.name.removeprefix("avg_") for column in answer.description]
        assert columns == ["database"] + names
        assert {column.type_code for column in answer.description[1:]} == {NUMERIC}


def test_help_names_every_command(boss):
    notices = []
    boss.add_notice_handler(lambda notice: notices.append(notice.message_detail))
    psycopg.ClientCursor(boss).execute("SHOW HELP")
    (text,) = notices
    for word in list(TABLES)[:-1] + ["PAUSE", "RESUME", "RELOAD", "SHUTDOWN", "KILL", "RECONNECT"]:
        assert word in text or word == "CLIENT_ENCODING", text


def test_a_known_load_adds_up(daemon, boss):
    before = row_of(boss, "SHOW STATS_TOTALS", database="pgbouncer")
    assert set(before.values()) == {"pgbouncer", 0}
    with daemon.connect(prepare_threshold=1000) as client:
        for _ in range(10):
            client.execute("select 1")
        with client.transaction():
            client.execute("select 2")
            client.execute("select pg_sleep(0.2)")
        for _ in range(5):
            client.execute("select %s::int", [7], prepare=True)  # prepares, then runs it five times
        with pytest.raises(psycopg.errors.DivisionByZero):
            client.execute("select 1/0")
        link = row_of(boss, "SHOW CLIENTS", database="test")
        assert (link["type"], link["user"], link["state"]) == ("C", "postgres", "idle")
    stats = row_of(boss, "SHOW STATS_TOTALS", database="test")
    # BEGIN and COMMIT count, and so does preparing.
    assert stats["query_count"] == 10 + 4 + 6 + 1
    assert stats["xact_count"] == stats["query_count"] - 3
    assert stats["server_assignment_count"] == stats["xact_count"]
    assert stats["client_login_count"] == 1
    assert stats["client_parse_count"] == 1 and stats["bind_count"] == 5
    assert 1 <= stats["server_parse_count"] <= 4
    assert stats["query_time"] >= 200000 and stats["xact_time"] >= 200000
    assert stats["bytes_received"] > 10 * len("select 1") and stats["bytes_sent"] > 100
    lane = row_of(boss, "SHOW LANES", database="test")
    assert lane["queries"] == stats["query_count"] and lane["errors"] == 1
    assert sum(row["tasks_claimed"] for row in rows(boss, "SHOW WORKERS")) >= stats["query_count"]
    latency = {row["time"]: row for row in rows(boss, "SHOW LATENCY") if row["database"] == "test"}
    assert {time: row["count"] for time, row in latency.items()} == dict.fromkeys(
        ["queue", "server", "total"], stats["query_count"])
    assert latency["server"]["p999_us"] >= 131072 > latency["server"]["p50_us"]
    buckets = [row["count"] for row in rows(boss, "SHOW HISTOGRAMS")
               if (row["database"], row["time"]) == ("test", "total")]
    assert sum(buckets) == stats["query_count"]
    totals = {row["name"]: row["value"] for row in rows(boss, "SHOW TOTALS")}
    assert totals["total_query_count"] == stats["query_count"]


def test_averages_follow_the_period(daemon, boss):
    def average():
        daemon.query("select 1")
        return row_of(boss, "SHOW STATS", database="test")["avg_query_count"] > 0

    wait_until(average, "queries per second are more than none")
    daemon.wait_log(r"stats: \d+ xacts/s, \d+ queries/s, .* wait \d+ us")


def test_clients_servers_and_pools_tell_who_does_what(daemon, boss):
    with daemon.connect(application_name="ours") as client:
        pid = client.execute("select pg_backend_pid()").fetchone()[0]
        with client.transaction():
            pid = client.execute("select pg_backend_pid()").fetchone()[0]
            me = row_of(boss, "SHOW CLIENTS", database="test")
            server = row_of(boss, "SHOW SERVERS", remote_pid=pid)
            assert (me["state"], me["application_name"], me["addr"]) == ("active", "ours", "127.0.0.1")
            assert me["local_port"] == daemon.port and me["link"] == server["ptr"]
            assert (server["state"], server["link"], server["user"]) == ("active", me["ptr"], "postgres")
            pool = row_of(boss, "SHOW POOLS", database="test")
            assert (pool["cl_active"], pool["sv_active"], pool["pool_mode"]) == (1, 1, "transaction")
            assert row_of(boss, "SHOW DATABASES", name="test")["current_connections"] == 1
            assert row_of(boss, "SHOW USERS", name="postgres")["current_client_connections"] == 1
        wait_until(lambda: row_of(boss, "SHOW SERVERS", remote_pid=pid)["state"] == "idle",
                   "the connection is idle")
        sleeper = threading.Thread(target=client.execute, args=["select pg_sleep(1)"])
        sleeper.start()
        wait_until(lambda: row_of(boss, "SHOW POOLS", database="test")["sv_active"] == 1, "it works")
        server = row_of(boss, "SHOW SERVERS", remote_pid=pid)
        assert (server["state"], server["link"]) == ("active", me["ptr"])
        sleeper.join()
    lists = {row["list"]: row["items"] for row in rows(boss, "SHOW LISTS")}
    assert lists["pools"] == 2 and lists["used_servers"] == 1


def test_the_waiting_are_seen(make_pgring):
    daemon = make_pgring(settings={"admin_users": "boss", "default_pool_size": 1})
    with console(daemon, "boss") as boss, daemon.connect() as first, daemon.connect() as second:
        first.execute("begin")
        first.execute("select 1")
        waiter = threading.Thread(target=second.execute, args=["select 2"])
        waiter.start()
        pool = wait_until(lambda: [row for row in rows(boss, "SHOW POOLS")
                                   if row["database"] == "test" and row["cl_waiting"] == 1],
                          "one client waits")[0]
        assert pool["cl_active"] == 1
        assert row_of(boss, "SHOW CLIENTS", state="waiting")["wait_us"] > 0
        lane = row_of(boss, "SHOW LANES", database="test")
        assert lane["clients_waiting"] == 1 and lane["oldest_wait_us"] > 0 and lane["depth"] == 1
        first.execute("commit")
        waiter.join()
        assert row_of(boss, "SHOW POOLS", database="test")["cl_waiting"] == 0


# Rights


def test_stats_users_may_look_only(daemon):
    with console(daemon, "guest") as guest:
        assert rows(guest, "SHOW POOLS")
        for command in ["PAUSE", "RELOAD", "SHUTDOWN", "KILL", "SET pool_mode = session"]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may look"):
                psycopg.ClientCursor(guest).execute(command)
        assert rows(guest, "SHOW STATE")[0] == {"key": "active", "value": "yes"}


def test_others_are_refused_with_the_way_in(daemon):
    for database in "pgbouncer", "pgring":
        with pytest.raises(psycopg.OperationalError, match="may not use the admin console.*\n.*admin_users"):
            daemon.connect(dbname=database, user="stranger")
    with pytest.raises(psycopg.OperationalError, match="may not use"):
        daemon.connect(dbname="pgbouncer", user="pgbouncer")  # over TCP nobody knows who that is


def test_the_own_system_user_is_an_administrator_on_the_unix_socket(make_pgring):
    daemon = make_pgring()
    for user in "pgring", "pgbouncer":
        done = subprocess.run(["psql", "-h", daemon.directory, "-p", str(daemon.port), "-U", user, "-d",
                               "pgring", "-XAtc", "SHOW VERSION"], cwd=daemon.directory, timeout=20,
                              capture_output=True, text=True, check=False, **run_as())
        assert done.stdout.startswith("pgring "), done
    with pytest.raises(psycopg.OperationalError, match="may not use"):
        psycopg.connect(host=daemon.directory, port=daemon.port, dbname="pgring", user="postgres")


def test_unknown_commands_are_told_which_there_are(boss):
    for command, hint in {"SELECT 1": "SHOW, DISABLE", "SHOW POLLS": "POOLS", "PAUSE a b": "PAUSE \\[database\\]",
                          "SHOW POOLS; SHOW STATS": "one by one", "SHOW 'x": "one by one",
                          "SUSPEND": "PAUSE"}.items():
        with pytest.raises(psycopg.Error) as caught:
            psycopg.ClientCursor(boss).execute(command)
        assert caught.value.sqlstate in ("42601", "0A000")
        assert hint.replace("\\", "") in caught.value.diag.message_hint
    assert rows(boss, "SHOW VERSION")


def test_what_drivers_ask_and_set(boss):
    for name, value in {"client_encoding": "UTF8", "standard_conforming_strings": "on",
                        "datestyle": "ISO", "timezone": "GMT",
                        "default_transaction_isolation": "read committed"}.items():
        assert rows(boss, "SHOW " + name) == [{name: value}]
    psycopg.ClientCursor(boss).execute("SET application_name TO 'x'")


# The protocol itself


def test_the_extended_protocol(daemon):
    with Wire(daemon.port) as wire:
        wire.login(user="boss", database="pgring")
        wire.send(parse("s", "SHOW STATE"), describe(b"S", "s"), bind("p", "s"), describe(b"P", "p"),
                  execute("p", 2), execute("p", 2), close(b"P", "p"), SYNC)
        assert kinds(wire.read_until()) == b"1tT2TDDsDC3Z"
        wire.send(parse("", "nonsense"), bind("", ""), execute(""), SYNC, query("SHOW STATE"))
        assert kinds(wire.read_until()) == b"EZ"
        assert kinds(wire.read_until()) == b"TDDDCZ"
        wire.send(parse("", "SHOW STATE"), bind("", "", result_formats=[1]), SYNC)
        assert only_error(wire.read_until())["C"] == "0A000"
        wire.send(parse("", ""), bind("", ""), describe(b"P", ""), execute(""), SYNC, query(" ; "))
        assert kinds(wire.read_until()) == b"12nIZ"
        assert kinds(wire.read_until()) == b"IZ"


def test_many_commands_at_once_are_answered_in_order(daemon):
    with Wire(daemon.port) as wire:
        wire.login(user="boss", database="pgring")
        wire.send(*[query("SHOW CONFIG"), query("SHOW VERSION")] * 200)
        for _ in range(200):
            assert len(wire.read_until()) > 100
            assert kinds(wire.read_until()) == b"TDCZ"


# Control


class Load:
    """Clients that insert and count until told to stop; whatever goes wrong is kept."""

    def __init__(self, daemon, clients=4):
        self.stopping = threading.Event()
        self.counts = [0] * clients
        self.errors = []
        self.threads = [threading.Thread(target=self.run, args=[daemon, i]) for i in range(clients)]

    def run(self, daemon, number):
        try:
            with daemon.connect() as client:
                while not self.stopping.is_set():
                    client.execute("insert into console_load values (%s)", [number])
                    self.counts[number] += 1
        except psycopg.Error as error:
            self.errors.append(error)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_until(lambda: all(self.counts), "every client works")
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def load_table(cluster):
    cluster.execute("create table if not exists console_load (client int); truncate console_load")


def test_pause_and_resume_under_load_lose_nothing(daemon, boss, cluster, load_table):
    with Load(daemon) as load:
        for name in "", " test":
            psycopg.ClientCursor(boss).execute("PAUSE" + name)
            assert not cluster.backends(where="query like 'insert into console_load%'")
            assert rows(boss, "SHOW SERVERS") == []
            before = list(load.counts)
            assert row_of(boss, "SHOW DATABASES", name="test")["paused"] == 1
            wait_until(lambda: row_of(boss, "SHOW POOLS", database="test")["cl_waiting"] == 4,
                       "all clients wait")
            assert load.counts == before
            with pytest.raises(psycopg.Error, match="already paused"):
                psycopg.ClientCursor(boss).execute("PAUSE" + name)
            psycopg.ClientCursor(boss).execute("RESUME" + name)
            wait_until(lambda: all(now > then for now, then in zip(load.counts, before)), "they go on")
    assert not load.errors
    assert cluster.query("select count(*) from console_load")[0][0] == sum(load.counts)
    with pytest.raises(psycopg.Error, match="not paused"):
        psycopg.ClientCursor(boss).execute("RESUME")


def test_pause_waits_for_a_transaction_and_blocks_nobody_else(daemon, boss):
    with daemon.connect() as client:
        client.execute("begin")
        client.execute("select 1")
        waiter = threading.Thread(target=psycopg.ClientCursor(boss).execute, args=["PAUSE test"])
        waiter.start()
        with console(daemon, "boss") as other:
            wait_until(lambda: row_of(other, "SHOW DATABASES", name="test")["paused"] == 1, "it is paused")
            assert waiter.is_alive()
            assert client.execute("select 2").fetchone() == (2,)
            client.execute("commit")
            waiter.join()
            assert rows(other, "SHOW SERVERS") == []
            psycopg.ClientCursor(other).execute("RESUME test")
        assert client.execute("select 3").fetchone() == (3,)


def test_reconnect_replaces_connections_without_an_error(daemon, boss, cluster, load_table):
    with Load(daemon) as load:
        old = {row["remote_pid"] for row in rows(boss, "SHOW SERVERS")}
        psycopg.ClientCursor(boss).execute("RECONNECT test")
        psycopg.ClientCursor(boss).execute("WAIT_CLOSE test")
        assert old and not old & {row["remote_pid"] for row in rows(boss, "SHOW SERVERS")}
    assert not load.errors
    assert cluster.query("select count(*) from console_load")[0][0] == sum(load.counts)


def test_disable_enable_kill(daemon, boss):
    run = psycopg.ClientCursor(boss).execute
    with daemon.connect() as client:
        client.execute("select 1")
        run("DISABLE test")
        with pytest.raises(psycopg.OperationalError, match="disabled"):
            daemon.connect()
        assert client.execute("select 1").fetchone() == (1,)
        run("ENABLE test")
        victim = daemon.connect()
        ids = sorted(row["id"] for row in rows(boss, "SHOW CLIENTS") if row["database"] == "test")
        run("KILL_CLIENT %d" % ids[-1])
        with pytest.raises(psycopg.OperationalError, match="KILL_CLIENT"):
            victim.execute("select 1")
        run("KILL test")
        with pytest.raises(psycopg.OperationalError, match="KILL"):
            client.execute("select 1")
    wait_until(lambda: rows(boss, "SHOW SERVERS") == [], "no connection is left")
    run("RESUME test")
    assert daemon.query("select 1") == [(1,)]
    for wrong in ["PAUSE pgring", "KILL pgbouncer", "KILL_CLIENT 4711"]:
        with pytest.raises(psycopg.Error):
            run(wrong)


def test_reload_and_set(daemon, boss):
    run = psycopg.ClientCursor(boss).execute
    run("SET default_pool_size = 7")
    assert row_of(boss, "SHOW CONFIG", key="default_pool_size")["value"] == "7"
    for wrong, state in {"SET default_pool_size = many": "22023", "SET listen_port = 1": "55P02",
                         "SET defalt_pool_size = 1": "42704"}.items():
        with pytest.raises(psycopg.Error) as caught:
            run(wrong)
        assert caught.value.sqlstate == state
    daemon.configure(settings={**daemon.settings, "default_pool_size": 9})
    run("RELOAD")
    assert row_of(boss, "SHOW CONFIG", key="default_pool_size")["value"] == "9"
    daemon.configure(settings={**daemon.settings, "default_pool_size": "many"})
    with pytest.raises(psycopg.Error) as caught:
        run("RELOAD")
    assert "default_pool_size" in caught.value.diag.message_detail
    assert os.path.basename(daemon.config_path) + ":" in caught.value.diag.message_detail
    assert row_of(boss, "SHOW CONFIG", key="default_pool_size")["value"] == "9"


def test_shutdown_waits_for_clients_but_not_for_the_console(daemon, boss):
    daemon.expect_death = True
    with daemon.connect() as client:
        client.execute("select 1")
        psycopg.ClientCursor(boss).execute("SHUTDOWN WAIT_FOR_CLIENTS")
        assert client.execute("select 2").fetchone() == (2,)
        assert rows(boss, "SHOW VERSION")
    assert daemon.wait_end() == 0


def test_shutdown_at_once(daemon, boss):
    daemon.expect_death = True
    psycopg.ClientCursor(boss).execute("SHUTDOWN")
    assert daemon.wait_end() == 0
