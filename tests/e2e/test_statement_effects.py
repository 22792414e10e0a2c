"""The classifier's tables against PostgreSQL itself: what they call independent leaves nothing behind
in its session and waits for nobody."""

import ast
import os
import re

import pytest

from support.process import TOP
from support.wire import SYNC, Wire, bind, describe, error_fields, execute, parse

ENTRY = re.compile(r'\{((?:\s*"(?:[^"\\]|\\.)*")+)\s*,\s*(k\w+)')
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
FUNCTIONS = re.compile(r'table\.add\(k\w+,((?:\s*"[^"]*")+)\)')

# What the table's statements speak of. In which database a statement runs depends on the types of
# the columns.
SCHEMA = """
    create schema s;
    create table t (id int unique, a {a}, b {b}, c {c}, d text, data jsonb, v tsvector,
                    "D" text, "lower" int, "Größe" int, größe int, done boolean, pg_sleep int,
                    "into" int, "for" int, "update" int, "insert" int, "delete" int, "for update" int,
                    "a""b" int, name int, type int, value int, key int, version int, year int,
                    date int, set int, no int, of int, share int, "end" int,
                    constraint c unique (no));
    create unique index on t (a);
    create unique index on t (a, (lower(b::text))) where c is not null;
    create table s.t (id int, a {a}, b {b}, c {c});
    create table u (id int, a int, b int);
    create table q (id int, done boolean);
    create table a (id int); create table b (id int);
    create schema tables; create table tables.c (id int);  -- public.c is the constraint's index
    create table f (id int); create table g (id int); create table h (id int);
    create table rows (id int);
    create table pg_sleep (a int); create table pg_advisory_lock (a int);
    create table lower (a int);
    create table pgbench_accounts (aid int, abalance int);
    create sequence s;
"""
ROWS = """
    delete from t; insert into t (id, a) values (101, {value});
    delete from u; insert into u values (102, 1, 1);
    delete from q; insert into q values (1, false);
"""
COLUMNS = {
    "effects_numbers": dict(a="int", b="int", c="int", value="7"),
    "effects_texts": dict(a="text", b="text", c="text", value="'x'"),
    "effects_mixture": dict(a="timestamp", b="bytea", c="boolean", value="now()"),
    "effects_arrays": dict(a="int[]", b="text", c="boolean", value="'{7}'"),
}

SESSION = """
    select pg_backend_pid()::text
    union all select 'set ' || name || ' ' || setting from pg_settings where source = 'session'
    union all select 'prepared ' || name from pg_prepared_statements
    union all select 'cursor ' || name from pg_cursors where name <> ''
    union all select 'listens ' || channel from pg_listening_channels() channel
    union all select 'temporary schema' where pg_my_temp_schema() <> 0
    order by 1
"""

# Another client's transaction, in the way of whoever wants a row to itself.
ROW_LOCKS = "begin; select from t for update; select from u for update; select from q for update"


def strings(literals):
    return "".join(ast.literal_eval(part) for part in STRING.findall(literals))


def source(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as file:
        return file.read()


def independent_statements(kind="kIndependent"):
    table = ENTRY.findall(source("tests", "unit", "independent_statements.h"))
    assert len(table) > 150 and all(found.startswith("kIndependent") for _, found in table)
    return [strings(literals) for literals, found in table if found.startswith(kind)]


class Session(Wire):
    """A direct connection that can tell what it holds."""

    def __init__(self, cluster, database):
        super().__init__(cluster.port)
        self.admin = cluster.connect(dbname=database)
        self.login(database=database)
        self.pid = int(self.ask("select pg_backend_pid()")[0][0])
        self.ask("set statement_timeout = '2s'")

    def __exit__(self, *_):
        self.admin.close()
        self.socket.close()

    def run(self, sql):
        """(SQLSTATE or "", transaction status); parameters are null."""
        self.send(parse("", sql), describe(b"S", ""), SYNC)
        messages = self.read_until()
        described = [payload for kind, payload in messages if kind == b"t"]
        if described:
            count = int.from_bytes(described[0][:2], "big")
            self.send(bind("", "", [None] * count), execute(), SYNC)
            messages = self.read_until()
        errors = [error_fields(payload)["C"] for kind, payload in messages if kind == b"E"]
        return (errors or [""])[0], messages[-1][1].decode()

    def state(self, status="I"):
        """All that a statement may leave behind."""
        locks = self.admin.execute("select locktype, mode from pg_locks where pid = %s and not"
                                   " (locktype = 'virtualxid')", (self.pid,)).fetchall()
        return status, sorted(locks), [row[0] for row in self.ask(SESSION)] if status == "I" else None


@pytest.fixture(scope="module")
def databases(cluster):
    for name, columns in COLUMNS.items():
        cluster.execute("create database " + name, dbname="postgres")
        cluster.execute("alter database %s set search_path = tables, public" % name, dbname="postgres")
        cluster.execute("set search_path = public;" + SCHEMA.format(**columns) +
                        ROWS.format(**columns), dbname=name)
    yield cluster
    for name in COLUMNS:
        cluster.execute("drop database " + name, dbname="postgres")


def test_independent_statements_leave_their_session_as_it_was(databases):
    never_ran, writes = set(independent_statements()), independent_statements("kIndependentWrite")
    for name in COLUMNS:
        with Session(databases, name) as session:
            before = session.state()
            for sql in independent_statements():
                error, status = session.run(sql)
                assert session.state(status) == before, (sql, error)
                if sql in writes:
                    session.admin.execute(ROWS.format(**COLUMNS[name]))
                # Without one: it ran. Otherwise what it names has another type here, or a
                # constraint is in its way.
                assert error[:2] in ("", "22", "23", "42"), (sql, error)
                if not error:
                    never_ran.discard(sql)
    assert len(never_ran) <= 20, never_ran  # some suit no table at all


def test_only_those_called_writes_wait_for_rows_of_others(databases):
    waited = 0
    for name in COLUMNS:
        with Session(databases, name) as holder, Session(databases, name) as session:
            session.ask("set lock_timeout = '20ms'")
            holder.ask(ROW_LOCKS)
            for sql in independent_statements("kIndependentRead"):
                assert session.run(sql)[0][:2] in ("", "22", "42"), sql
            for sql in independent_statements("kIndependentWrite"):
                waited += session.run(sql)[0] == "55P03"
    assert waited > 40


@pytest.mark.parametrize("sql", [
    "begin", "set work_mem = '64kB'", "select set_config('work_mem', '64kB', false)",
    "update pg_settings set setting = '64' where name = 'work_mem'", "prepare p as select 1",
    "declare c cursor with hold for select 1", "listen channel", "select pg_advisory_lock(1)",
    "create temp table left_over (a int)", "select 1 into temp left_over",
    "do $$ begin perform set_config('work_mem', '64kB', false); end $$",
])
def test_what_is_left_behind_would_be_seen(databases, sql):
    with Session(databases, "effects_numbers") as session:
        before = session.state()
        error, status = session.run(sql)
        assert not error and session.state(status) != before


# Functions of the list that are not stable, each with why it is there.
VOLATILE = {
    "clock_timestamp": "reads the clock",
    "timeofday": "reads the clock",
    "current_schema": "may make a temporary schema, which stays empty, if search_path begins with it",
    "current_schemas": "likewise",
    "gen_random_uuid": "has no state",
    "random": "its state shows only after setseed()",
    "pg_is_in_recovery": "reads",
    "nextval": "sequences belong to all sessions",
}
CHANGING = """
    select distinct proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace
    and (provolatile = 'v' or proparallel = 'u') and prokind = 'f'
"""


def names_in(text, start):
    """The quoted words between this line and the end of its list."""
    return re.findall(r'"(\w+)"', text.split(start)[1].split("};")[0])


def test_functions_that_may_share_a_connection_change_nothing(databases):
    text = source("common", "builtin_functions.cc")
    listed = {name for literals in FUNCTIONS.findall(text) for name in strings(literals).split()}
    assert len(listed) > 300
    query = lambda sql: {name for name, in databases.query(sql, dbname="postgres")}
    assert listed - query("select proname from pg_proc"
                          " where pronamespace = 'pg_catalog'::regnamespace") == set()
    assert listed & query(CHANGING) == set(VOLATILE)
    # x.name may be a call of a function with one argument.
    refused = {*names_in(text, "kAttributeNames[]"), *VOLATILE}
    prefixes = tuple(names_in(text, "kAttributePrefixes[]"))
    assert {name for name in query(CHANGING + "and pronargs - pronargdefaults <= 1 and pronargs > 0"
                                              " and 'internal'::regtype <> all (proargtypes)") - refused
            if not name.startswith(prefixes)} == set()
