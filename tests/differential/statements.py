"""The SQL of the random scripts. Results name their client wherever they can.

Every statement is deterministic: no clock, no process id, ORDER BY wherever rows come from a table.
"""

import struct

INT4, INT8, TEXT, BYTEA, NUMERIC = 23, 20, 25, 17, 1700


class Value:
    """A random parameter: its type for Parse, and its text and binary forms."""

    def __init__(self, oid, text, binary):
        self.oid, self.text, self.binary = oid, text, binary


def integer(low, high):
    def make(rng):
        number = rng.randint(low, high)
        return Value(INT4, str(number).encode(), struct.pack("!i", number))
    return make


def words(largest=40):
    def make(rng):
        size = rng.choice([0, 1, rng.randint(2, 12), rng.randint(1, largest)])
        text = "".join(rng.choice("abc déf\\'\"\t$1") for _ in range(min(size, 60)))
        raw = (text * (size // 60 + 1)).encode()
        return Value(TEXT, raw, raw)
    return make


def big_words(rng):
    raw = (f"<{rng.randint(0, 999)}>".encode() * 70000)[:rng.randint(1000, 200000)]
    return Value(TEXT, raw, raw)


# (weight, SQL with {s} for the client's schema, its parameters). Those of the first list may run
# anywhere; `{s}` is missing on purpose where several clients shall send the very same text. None for
# parameters: it begins or ends a transaction.
ANYWHERE = [
    (6, "select $1::int4 + 1 as n, '{s}' as who", [integer(-5, 99)]),
    (5, "select $1::int4 * 2 as shared", [integer(-5, 99)]),
    (3, "select 'shared' as s", []),
    (6, "select id, v, n, m from {s}.t where id = $1", [integer(0, 25)]),
    (4, "select id, v, n, ts, b, m from {s}.t where id < $1 and v <> $2 order by id",
     [integer(0, 25), words()]),
    (3, "select * from {s}.t order by id", []),
    (4, "select i, who from {s}.rows($1, $2)", [integer(0, 30), integer(1, 40)]),
    (2, "select i, who from {s}.rows($1, $2)", [integer(100, 900), integer(1, 300)]),
    (1, "select repeat('{s}', $1::int4) as big", [integer(500, 100000)]),
    (2, "select $1::text as echo, length($1) as n", [big_words]),
    (3, "select $1::text as echo, '{s}' as who", [words()]),
    (2, "insert into {s}.t(id, v) values ($1, $2) returning id, v", [integer(15, 60), words()]),
    (2, "insert into {s}.w(id, v) values ($1, $2)", [integer(1, 9), words()]),
    (2, "insert into {s}.d(id) values ($1), ($2)", [integer(1, 3), integer(1, 3)]),
    (2, "update {s}.t set v = $2 where id = $1 returning v", [integer(1, 25), words()]),
    (1, "delete from {s}.t where id = $1", [integer(1, 25)]),
    (2, "select id from {s}.t where id = $1 for update", [integer(1, 25)]),
    (1, "select nextval('{s}.q')", []),
    (2, "select {s}.tell($1, $2)", [words(), integer(0, 3)]),
    (2, "select {s}.fail($1)", [words()]),
    (2, "select 10 / $1::int4 as q, '{s}' as who", [integer(0, 2)]),
    (1, "select g, 10 / (5 - g) as q from generate_series(1, $1::int4) g", [integer(1, 9)]),
    (1, "selec $1 from {s}.t", [integer(0, 1)]),
    (1, "select nothing from {s}.t where id = $1", [integer(0, 1)]),
    (1, "select * from {s}.missing", []),
    (1, "select $1", [words()]),
    (1, "", []),
    (1, " ; -- {s}", []),
    (1, "select current_setting('DateStyle'), '2020-12-31'::date, '{s}' as who", []),
    (1, "select current_setting('TimeZone'), '2020-06-01 00:00+00'::timestamptz as t", []),
    (1, "select current_setting('application_name'), current_setting('client_encoding')", []),
    (1, "select current_setting('standard_conforming_strings'), current_setting('IntervalStyle')",
     []),
    (1, "show DateStyle", []),
    (1, "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()", []),
    (1, "select current_setting('work_mem'), to_regclass('pg_temp.scratch') is null", []),
    (1, "do $$ begin perform {s}.tell('do', 1); end $$", []),
    (1, "select 'd\u00e9j\u00e0 {s}' as vu, length('\u00e9')", []),
    (1, "select 'd\u00e9j\u00e0 vu' as shared, length('\u00e9\u00e8') as n", []),
    (1, "select '{s}' as who union all select $1::text order by 1", [words()]),
    (1, "explain (costs off) select * from {s}.t where id = 1", []),
    (1, "create table if not exists {s}.made(a int, b text)", []),
    (1, "drop table if exists {s}.made", []),
    (1, "select * from {s}.made", []),
    (1, "begin", None),
    (1, "commit", None),
    (1, "rollback", None),
]

# On a connection that meets them later their Parse would fail, or their text be read otherwise.
NEVER_PREPARED = ["select * from {s}.made", "select count(*) from scratch",
                  "select 'd\u00e9j\u00e0 {s}' as vu, length('\u00e9')",
                  "select 'd\u00e9j\u00e0 vu' as shared, length('\u00e9\u00e8') as n"]

# What a pooler may run next to other clients' statements on one connection.
SHORT_READS = [
    (4, "select $1::int4 * 2 as shared", [integer(-5, 99)]),
    (4, "select '{s}' as who, $1::int4 as n", [integer(-5, 99)]),
    (4, "select id, v, n from {s}.t where id = $1", [integer(0, 25)]),
    (2, "select count(*), min(v), max(v) from {s}.t where id < $1", [integer(0, 25)]),
    (2, "select 10 / $1::int4 as q, '{s}' as who", [integer(0, 2)]),
    (1, "select repeat('{s}', $1::int4) as big", [integer(500, 30000)]),
    (1, "selec $1", [integer(0, 1)]),
    (1, "select nothing from {s}.t where id = $1", [integer(0, 1)]),
    (1, "update {s}.t set v = $2 where id = $1 returning v", [integer(1, 25), words()]),
    (1, "set application_name = '{s} burst'", []),
    (1, "", []),
]

# Inside a transaction block (where there is none, they only warn or fail).
IN_TRANSACTION = [
    (3, "savepoint a", []),
    (3, "rollback to a", []),
    (2, "release a", []),
    (2, "set local work_mem = '3MB'", []),
    (1, "set local DateStyle = 'German'", []),
    (2, "declare cur cursor for select i, who from {s}.rows(9, 9)", []),
    (3, "fetch 4 from cur", []),
    (1, "move 2 in cur", []),
    (1, "close cur", []),
    (1, "select pg_advisory_xact_lock(hashtext('{s}'))", []),
    (1, "create temp table scratch(a int) on commit drop", []),
    (1, "select count(*) from scratch", []),
    (1, "set transaction isolation level serializable", []),
    (1, "set constraints all immediate", []),
]

# Changes the session; a pooler follows the client with these in every mode.
TRACKED = [
    (2, "set application_name = '{s} app'", []),
    (1, "set application_name = 'shared app'", []),
    (2, "set DateStyle = 'German, DMY'", []),
    (2, "set DateStyle = 'ISO, YMD'", []),
    (2, "set TimeZone = 'Europe/Paris'", []),
    (1, "set TimeZone = 'America/New_York'", []),
    (1, "set client_encoding = 'LATIN1'", []),
    (2, "set client_encoding = 'UTF8'", []),
    (1, "set standard_conforming_strings = off", []),
    (1, "set standard_conforming_strings = on", []),
    (1, "set IntervalStyle = 'iso_8601'", []),
    (1, "set DateStyle = 'nonsense'", []),
    (1, "select set_config('application_name', '{s} by function', false)", []),
    (1, "do $$ begin perform set_config('TimeZone', 'Asia/Tokyo', false); end $$", []),
    (1, "begin; set TimeZone = 'Asia/Tokyo'; rollback; show TimeZone", None),
    (1, "set application_name = '{s} undone'; select 1/0", []),
]

# Session state that only session pooling keeps. No RESET ALL or DISCARD ALL: they go back to the
# parameters of the server connection's start, which a pooled connection has from somebody else.
SESSION_ONLY = [
    (2, "set work_mem = '5MB'", []),
    (1, "create temp table scratch(a int)", []),
    (1, "insert into scratch values (1), (2)", []),
    (1, "drop table scratch", []),
    (1, "select pg_advisory_lock(hashtext('{s}'))", []),
    (1, "select pg_advisory_unlock(hashtext('{s}'))", []),
    (2, "prepare s1(int) as select $1 + 7, '{s} sql'", []),
    (2, "execute s1(3)", []),
    (2, "deallocate s1", []),
    (1, "deallocate all", []),
    (1, "declare held cursor with hold for select i, who from {s}.rows(9, 9)", []),
    (1, "fetch 2 from held", []),
    (1, "close held", []),
    (1, "select nextval('{s}.q')", []),
    (1, "select currval('{s}.q')", []),
    (1, "listen {s}", []),
    (2, "notify {s}, 'hello {s}'", []),
    (1, "unlisten *", []),
    (1, "set search_path = {s}", []),
    (1, "select count(*) from t", []),
    (1, "discard plans", []),
    (1, "discard temp", []),
]

COPY_OUT = [
    "copy (select * from {s}.t order by id) to stdout",
    "copy (select * from {s}.t order by id) to stdout (format csv, header)",
    "copy (select i, who from {s}.rows(300, 50)) to stdout (format binary)",
    "copy (select i, who from {s}.rows(5000, 100)) to stdout",
    "copy (select g, 10 / (5 - g) from generate_series(1, 9) g) to stdout",
    "copy {s}.missing to stdout",
    "copy {s}.k to stdout",
]

COPY_IN = [
    "copy {s}.k from stdin",
    "copy {s}.k(a, b) from stdin",
    "copy {s}.k(a, b) from stdin (format csv)",
    "copy {s}.w from stdin",
    "copy {s}.missing from stdin",
    "copy {s}.k(nothing) from stdin",
]

# Only built-in functions: (oid, argument values, formats, result format)
FUNCTIONS = [
    (177, [struct.pack("!i", 20), struct.pack("!i", 22)], [1], 1),  # int4pl
    (177, [b"20", b"22"], [0], 0),
    (177, [b"20", None], [], 0),
    (154, [struct.pack("!i", 1), struct.pack("!i", 0)], [1], 1),  # int4div by zero
    (1257, [b"a text"], [0], 1),  # textlen
    (177, [b"20"], [0], 0),  # one argument short
    (177, [b"x", b"y"], [0], 0),
    (4000000000, [], [], 0),  # no such function
]


def pick(rng, catalogue):
    """(SQL template, parameter makers) by weight."""
    _, sql, parameters = rng.choices(catalogue, [entry[0] for entry in catalogue])[0]
    return sql, parameters


def literal(value):
    """A parameter's value inside the SQL text of a simple query."""
    if value.oid == INT4:
        return value.text.decode()
    text = value.text.decode()[:20000].replace("'", "''").replace("\\", "/")
    return f"'{text}'::text"


def inlined(rng, sql, parameters):
    """The statement with literals in place of its parameters."""
    for number, make in enumerate(parameters or [], 1):
        sql = sql.replace(f"${number}", literal(make(rng)))
    return sql
