"""Short sequences that poolers have got wrong; each adds its steps to a script's Writer."""

import statements as sql
import wire


def _simple_statement(writer):
    return (f"select $1::int4 as {writer.name}, $2::text as b", [sql.integer(0, 9), sql.words()])


def _good(writer, name):
    """Parses a statement under a name that is certainly free."""
    return [wire.close("S", name), writer.parse(name, _simple_statement(writer))]


def same_name_twice(writer):
    name = writer.rng.choice(["s1", "s2"])
    writer.sync(*_good(writer, name), wire.parse(name, "select 'never'"))
    writer.sync(writer.bind("", name), wire.execute(""))


def unknown_statement(writer):
    writer.known.pop("gone", None)
    writer.sync(wire.bind("", "gone"), wire.execute(""), wire.parse("s9", "select 'skipped'"))
    writer.sync(wire.describe("S", "gone"))
    writer.sync(wire.bind("", "s9"), wire.execute(""))


def close_then_bind(writer):
    writer.sync(*_good(writer, "s1"), wire.close("S", "s1"), wire.close("S", "s1"))
    writer.sync(wire.bind("", "s1", [b"1", b"2"]), wire.execute(""))
    writer.known.pop("s1", None)


def close_is_skipped(writer):
    writer.sync(*_good(writer, "s2"))
    writer.sync(wire.execute("nowhere"), wire.close("S", "s2"))
    writer.sync(writer.bind("", "s2"), wire.execute(""))


def failed_parse_then_bind(writer):
    name = writer.rng.choice(["", "s1", "s2"])
    wait = writer.rng.random() < 0.5
    writer.sync(wire.close("S", name), wire.parse(name, "select nothing from nowhere"), wait=wait)
    writer.sync(wire.bind("", name), wire.describe("P", ""), wire.execute(""), wait=wait)
    writer.sync(wire.parse(name, f"select '{writer.name}' as now"), wire.bind("", name),
                wire.execute(""))
    writer.known[name] = (f"select '{writer.name}' as now", [])


def failed_unnamed_keeps_nothing(writer):
    """A Parse of the unnamed statement drops the old one even when it fails."""
    writer.sync(writer.parse("", _simple_statement(writer)))
    writer.sync(wire.parse("", "selec"), wait=False)
    writer.sync(writer.bind("", ""), wire.execute(""))
    writer.known.pop("", None)


def skipped_unnamed_keeps_old(writer):
    """A Parse that an error skips leaves the old unnamed statement alone."""
    writer.sync(writer.parse("", _simple_statement(writer)))
    writer.sync(wire.execute("nowhere"), wire.parse("", "select 'skipped'"))
    writer.sync(writer.bind("", ""), wire.execute(""))


def parse_survives_later_error(writer):
    """What was parsed before the batch's error stays parsed."""
    name = writer.rng.choice(["s1", "s3"])
    writer.sync(*_good(writer, name), wire.parse("", "select 1/0"), wire.bind("", ""),
                wire.execute(""), wire.parse("s9", "select 'skipped'"), wait=False)
    writer.sync(writer.bind("", name), wire.execute(""), wait=False)
    writer.sync(wire.bind("", "s9"), wire.execute(""))


def simple_query_ends_unnamed(writer):
    writer.sync(writer.parse("", _simple_statement(writer)))
    writer.send(wire.query("select 1"))
    writer.sync(writer.bind("", ""), wire.execute(""))
    writer.known.pop("", None)


def unnamed_over_units(writer):
    writer.sync(writer.parse("", _simple_statement(writer)))
    wait = writer.rng.random() < 0.5
    for _ in range(3):
        writer.sync(writer.bind("", ""), wire.execute(""), wait=wait)
    writer.sync(wire.describe("S", ""))


def unnamed_portal_is_gone(writer):
    """Outside a transaction a portal ends with its Sync."""
    writer.sync(writer.parse("", _simple_statement(writer)), writer.bind("", ""))
    writer.sync(wire.execute(""))
    writer.sync(wire.describe("P", ""))


def wrong_parameter_count(writer):
    name = writer.rng.choice(["", "s1", "s2"])
    writer.sync(*_good(writer, name), wire.bind("", name, [b"1"]), wire.execute(""))
    writer.sync(wire.bind("", name, [b"1", b"2", b"3"]), wire.execute(""))
    writer.sync(wire.bind("", name, [b"1", b"2"], [0, 0, 0]), wire.execute(""))


def wrong_result_formats(writer):
    writer.sync(*_good(writer, "s3"), wire.bind("", "s3", [b"1", b"2"], [], [0, 1, 0]),
                wire.execute(""))
    writer.sync(wire.bind("", "s3", [b"1", b"2"], [], [7, 0]), wire.execute(""))
    writer.sync(wire.bind("", "s3", [b"one", b"2"]), wire.execute(""))
    writer.sync(wire.bind("", "s3", [b"\0\0\1", b"2"], [1, 0]), wire.execute(""))


def describe_statement(writer):
    name = writer.rng.choice(["", "s1", "s2"])
    writer.sync(*_good(writer, name), wire.describe("S", name), wait=False)
    writer.sync(wire.describe("S", name), writer.bind("p1", name), wire.describe("P", "p1"))
    writer.sync(wire.parse("", f"create temp table if not exists {writer.name}(a int)"
                           if writer.mode == "session" else "select"), wire.describe("S", ""))
    writer.known.pop("", None)


def unknown_portal(writer):
    writer.sync(wire.execute("nowhere"), wire.describe("P", "nowhere"))
    writer.sync(wire.describe("P", "nowhere"))
    writer.sync(wire.close("P", "nowhere"))


def portal_name_twice(writer):
    writer.sync(*_good(writer, "s1"), writer.bind("p1", "s1"), writer.bind("p1", "s1"),
                wire.execute("p1"))


def executed_twice(writer):
    writer.sync(*_good(writer, "s1"), writer.bind("p1", "s1"), wire.execute("p1"),
                wire.execute("p1"), wire.execute("p1", 1))


def several_statements_in_parse(writer):
    writer.sync(wire.parse("s9", "select 1; select 2"), wire.bind("", "s9"), wire.execute(""))


def empty_statement(writer):
    writer.sync(wire.close("S", "s2"), wire.parse("s2", ""), wire.bind("", "s2"),
                wire.describe("P", ""), wire.execute(""))
    writer.known["s2"] = ("", [])
    writer.send(wire.query(""), wire.query(";"))


def long_text(writer):
    filler = "/*" + "x" * writer.rng.randint(8000, 150000) + "*/"
    if writer.rng.random() < 0.5:
        writer.send(wire.query(f"select {filler} '{writer.name}' as who"))
    else:
        name = writer.rng.choice(["", "s2"])
        statement = (f"select $1::int4 {filler} as n, '{writer.name}' as who", [sql.integer(1, 9)])
        writer.sync(wire.close("S", name), writer.parse(name, statement), writer.bind("", name),
                    wire.execute(""))
        writer.sync(writer.bind("", name), wire.execute(""))


def close(writer, *names):
    """Nobody is to meet these statements again."""
    writer.sync(*[wire.close("S", name) for name in names])
    for name in names:
        writer.known.pop(name, None)


def same_text_two_names(writer):
    text = "select $1 as shared_text, 3 as three"
    writer.sync(wire.close("S", "s1"), wire.close("S", "s2"), wire.parse("s1", text, [sql.INT4]),
                wire.parse("s2", text, [sql.TEXT]))
    writer.known["s1"], writer.known["s2"] = (text, [sql.integer(0, 9)]), (text, [sql.words()])
    writer.sync(wire.describe("S", "s1"), wire.describe("S", "s2"), wire.close("S", "s1"),
                writer.bind("", "s2"), wire.execute(""))
    writer.known.pop("s1")


def same_text_other_settings(writer):
    """A literal is read when its statement is parsed: the same text means something else to a
    session with other settings, though others have it prepared already."""
    text, settings = writer.rng.choice([
        ("select '1/2/2020'::date as shared_date",
         ["DateStyle = 'ISO, MDY'", "DateStyle = 'ISO, DMY'"]),
        ("select 'a\\x41' as shared_text", ["standard_conforming_strings = on",
                                          "standard_conforming_strings = off"]),
        ("select '2020-06-01 12:00'::timestamptz at time zone 'UTC' as shared_time",
         ["TimeZone = 'Europe/Paris'", "TimeZone = 'Asia/Tokyo'"]),
        ("select length('\u00e9\u00e8') as shared_length",
         ["client_encoding = 'UTF8'", "client_encoding = 'LATIN1'"]),
    ])
    writer.rng.shuffle(settings)
    for name, setting in zip(["s1", "s2"], settings):
        writer.send(wire.query(f"set {setting}"))
        writer.sync(wire.close("S", name), wire.parse(name, text), wire.bind("", name),
                    wire.execute(""))
        writer.sync(wire.bind("", name), wire.execute(""))
        close(writer, name)


def same_text_wrong_bind(writer):
    """Two names for one text: an error speaks of the one that was used."""
    text = "select $1::int4 as shared_n"
    writer.sync(wire.close("S", "s1"), wire.close("S", "s2"), wire.parse("s1", text),
                wire.parse("s2", text))
    for name in ("s1", "s2", "s1"):
        writer.sync(wire.bind("", name, [b"1", b"2"]), wire.execute(""))
        writer.known[name] = (text, [sql.integer(0, 9)])


def table_changes_under_statement(writer):
    """The result type of a prepared statement changes: PostgreSQL refuses the old plan."""
    table = f"{writer.name}.made"
    writer.send(wire.query(f"drop table if exists {table}; create table {table}(a int, b text)"))
    writer.sync(wire.close("S", "s1"), wire.parse("s1", f"select * from {table}"),
                wire.bind("", "s1"), wire.execute(""))
    # A pooler may take another connection, where the new plan is the first one.
    changes = [f"drop table {table}"]
    if writer.mode == "session":
        changes.append(f"alter table {table} add c int")
    change = writer.rng.choice(changes)
    writer.send(wire.query(change))
    writer.sync(wire.bind("", "s1"), wire.execute(""))
    writer.sync(wire.bind("", "s1"), wire.execute(""))
    close(writer, "s1")


def batch_is_one_transaction(writer):
    """An error takes back what its own batch did before, and nothing else."""
    insert = f"insert into {writer.name}.t(id, v) values ($1, $2)"
    for number in (901, 902):
        fail = [wire.parse("", "select 1/0"), wire.bind("", ""), wire.execute("")]
        writer.sync(wire.parse("", insert), wire.bind("", "", [b"%d" % number, b"x"]),
                    wire.execute(""), *(fail if number == 901 else []), wait=False)
    writer.sync(wire.parse("", f"select id from {writer.name}.t where id > 900 order by 1"),
                wire.bind("", ""), wire.execute(""))
    writer.known.pop("", None)


def forgotten_sync_before_query(writer):
    """A simple query may follow a batch without Sync: it ends the batch's transaction itself."""
    writer.send(wire.parse("", "select 'before'"), wire.bind("", ""), wire.execute(""), wire.FLUSH)
    writer.send(wire.query(f"select '{writer.name} after'"))
    writer.known.pop("", None)


def deallocate_all(writer):
    writer.sync(*_good(writer, "s1"), *_good(writer, "s2"))
    writer.send(wire.query("deallocate all"))
    writer.sync(wire.bind("", "s1", [b"1", b"2"]), wire.execute(""))
    writer.sync(wire.parse("s2", f"select '{writer.name} again'"), wire.bind("", "s2"),
                wire.execute(""))
    writer.known = {"s2": (f"select '{writer.name} again'", [])}


def failed_block(writer):
    """In a failed transaction everything is refused but its end."""
    if writer.mode == "statement":
        return
    writer.send(wire.query("begin"))
    writer.sync(*_good(writer, "s1"))
    writer.send(wire.query(writer.rng.choice(["select 1/0", "selec", "select nothing"])))
    writer.sync(writer.bind("", "s1"), wire.execute(""))
    writer.sync(wire.parse("s9", "select 'refused'"))
    writer.sync(wire.parse("s9", "select 'refused'"), wire.describe("S", "s1"), wait=False)
    writer.sync(wire.close("S", "s2"), wire.parse("s2", writer.known["s1"][0]))
    writer.send(wire.query("select 'refused'"))
    writer.send(wire.query(writer.rng.choice(["rollback", "commit"])))
    writer.sync(writer.bind("", "s1"), wire.execute(""))
    writer.sync(wire.bind("", "s9"), wire.execute(""))
    writer.sync(wire.bind("", "s2", [b"1", b"2"]), wire.execute(""))
    writer.known.pop("s2", None)
    writer.in_block = False


def parameter_in_failed_block(writer):
    """A parameter set in a transaction goes back with it, and the client is told."""
    if writer.mode == "statement":
        return
    writer.send(wire.query("begin"))
    writer.send(wire.query(f"set application_name = '{writer.name} inside'"))
    writer.send(wire.query("set DateStyle = 'SQL, DMY'; show DateStyle"))
    writer.send(wire.query(writer.rng.choice(["rollback", "commit", "select 1/0"])))
    writer.send(wire.query("rollback"))
    writer.send(wire.query("select current_setting('application_name'), '2020-02-01'::date"))
    writer.in_block = False


def deferred_failure(writer):
    """The error comes at the end of the transaction: with Sync or with COMMIT."""
    insert = f"insert into {writer.name}.d values (1), (1)"
    writer.sync(wire.parse("", insert), wire.bind("", ""), wire.execute(""), wait=False)
    writer.send(wire.query(insert))
    if writer.mode != "statement":
        writer.send(wire.query(f"begin; {insert}"))
        writer.send(wire.query("commit"))
        writer.in_block = False
    writer.known.pop("", None)


ALL = [
    same_name_twice, unknown_statement, close_then_bind, close_is_skipped, failed_parse_then_bind,
    failed_unnamed_keeps_nothing, skipped_unnamed_keeps_old, parse_survives_later_error,
    simple_query_ends_unnamed, unnamed_over_units, unnamed_portal_is_gone, wrong_parameter_count,
    wrong_result_formats, describe_statement, unknown_portal, portal_name_twice, executed_twice,
    several_statements_in_parse, empty_statement, long_text, same_text_two_names,
    table_changes_under_statement, batch_is_one_transaction, forgotten_sync_before_query,
    deallocate_all, failed_block, parameter_in_failed_block, deferred_failure,
    same_text_other_settings, same_text_wrong_bind,
]
