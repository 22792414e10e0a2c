"""Session parameters belong to the client: they follow it to whatever connection serves it."""

import psycopg

from support.wire import (SYNC, Wire, bind, data_row, error_fields, execute, kinds, only_error, parse,
                          query)

SHOWN = ("client_encoding", "DateStyle", "TimeZone", "application_name", "standard_conforming_strings",
         "IntervalStyle")


def reported(messages):
    """What ParameterStatus messages say."""
    return dict(payload.decode()[:-1].split("\0") for kind, payload in messages if kind == b"S")


def settings_of(wire):
    return {name: wire.ask("show " + name)[0][0] for name in SHOWN}


def test_two_clients_keep_their_own_settings_on_one_connection(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    wanted = [
        {"client_encoding": "UTF8", "DateStyle": "ISO, MDY", "TimeZone": "UTC",
         "application_name": "first", "standard_conforming_strings": "on",
         "IntervalStyle": "postgres"},
        {"client_encoding": "LATIN1", "DateStyle": "German, DMY", "TimeZone": "Europe/Berlin",
         "application_name": "second's app", "standard_conforming_strings": "off",
         "IntervalStyle": "iso_8601"},
    ]
    with Wire(pgring.port) as first, Wire(pgring.port) as second:
        for wire, parameters in ((first, wanted[0]), (second, wanted[1])):
            assert kinds(wire.login(**parameters)).endswith(b"Z")
        for _ in range(3):
            assert settings_of(first) == wanted[0]
            assert settings_of(second) == wanted[1]
        assert first.ask("select pg_backend_pid()") == second.ask("select pg_backend_pid()")


def test_the_greeting_reports_what_postgresql_reports(pgring):
    greeting = {"application_name": "greeting", "client_encoding": "UTF8", "TimeZone": "Asia/Tokyo"}
    with Wire(pgring.cluster.port) as direct, Wire(pgring.port) as pooled:
        assert reported(pooled.login(**greeting)) == reported(direct.login(**greeting))


def test_set_follows_the_client_and_is_reported_to_it(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    with pgring.connect() as first, pgring.connect() as second:
        first.execute("set timezone to 'Asia/Kolkata'")
        assert first.info.parameter_status("TimeZone") == "Asia/Kolkata"
        before = second.info.parameter_status("TimeZone")
        assert second.execute("show timezone").fetchone() == (before,)
        assert first.execute("show timezone").fetchone() == ("Asia/Kolkata",)


def test_a_rolled_back_set_is_forgotten(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    with pgring.connect(autocommit=False) as client, pgring.connect() as other:
        client.execute("set datestyle to 'German'")
        assert client.info.parameter_status("DateStyle").startswith("German")
        client.rollback()
        assert client.info.parameter_status("DateStyle").startswith("ISO")
        other.execute("select 1")
        assert client.execute("show datestyle").fetchone()[0].startswith("ISO")


def test_half_of_a_datestyle_does_not_depend_on_others(make_pgring):
    """What a client leaves open is the server's default, not what another client's session has."""
    pgring = make_pgring(settings={"default_pool_size": 1})
    with Wire(pgring.cluster.port) as direct, Wire(pgring.port) as german, Wire(pgring.port) as iso:
        expected = reported(direct.login(DateStyle="ISO"))["DateStyle"]
        german.login(DateStyle="German, YMD")
        assert reported(iso.login(DateStyle="ISO"))["DateStyle"] == expected
        assert iso.ask("show datestyle") == [[expected]]
        assert german.ask("show datestyle") == [["German, YMD"]]


def test_application_name_shows_in_pg_stat_activity(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    with pgring.connect(application_name="billing") as first, \
            pgring.connect(application_name="reports") as second:
        asked = "select application_name from pg_stat_activity where pid = pg_backend_pid()"
        for _ in range(2):
            assert first.execute(asked).fetchone() == ("billing",)
            assert second.execute(asked).fetchone() == ("reports",)


def test_encodings_convert_for_each_client(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1})
    with pgring.connect(client_encoding="latin1") as latin, pgring.connect(client_encoding="utf8") as utf:
        for _ in range(2):
            assert latin.execute("select 'é'").fetchone() == ("é",)
            assert utf.execute("select 'é€'").fetchone() == ("é€",)
        assert latin.info.parameter_status("client_encoding") == "LATIN1"


def first_error(wire, **parameters):
    """SQLSTATE of what refuses these parameters: the login, or the first query as no database is asked
    before."""
    messages = wire.login(**parameters)
    if messages[-1][0] == b"Z":
        messages = wire.send(query("select 1")).read_until(b"EZ")
    assert messages[-1][0] == b"E", messages
    return error_fields(messages[-1][1])["C"]


def test_a_statement_whose_bytes_would_be_read_otherwise_is_to_be_prepared_again(pgring):
    accents, plain = "select length('\u00e9')", "select 1"

    def run(name):
        answer = wire.send(bind("", name), execute(), SYNC).read_until()
        return [data_row(payload) for kind, payload in answer if kind == b"D"] or only_error(answer)["C"]

    with Wire(pgring.port) as wire:
        wire.login(client_encoding="UTF8")
        for name, text in ("accents", accents), ("plain", plain):
            wire.send(parse(name, text), SYNC).read_until()
            assert run(name) == [["1"]]
        wire.ask("set client_encoding = 'LATIN1'")
        assert run("accents") == "26000"  # two letters in this encoding
        assert run("plain") == [["1"]]
        wire.send(parse("accents", accents), SYNC).read_until()
        assert run("accents") == [["2"]]


def test_an_invalid_value_or_name_is_refused_as_postgresql_does(pgring):
    for wrong in ({"TimeZone": "Nowhere/Land"}, {"work_mem": "1 parsec"}, {"no_such_setting": "1"}):
        with Wire(pgring.cluster.port) as direct, Wire(pgring.port) as pooled:
            assert first_error(pooled, **wrong) == first_error(direct, **wrong)
    assert pgring.query("select 1") == [(1,)]


def test_other_startup_parameters_are_the_clients_own(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 1, "ignore_startup_parameters": "geqo"})
    with Wire(pgring.port) as mine, Wire(pgring.port) as other:
        mine.login(work_mem="1MB", geqo="off")
        other.login()
        for _ in range(2):
            assert mine.ask("show work_mem") == [["1MB"]]
            assert other.ask("show work_mem") != [["1MB"]]
        assert mine.ask("show geqo") == [["on"]]


def test_track_extra_parameters_adds_to_what_follows(make_pgring):
    """What PostgreSQL reports can be tracked; IntervalStyle is the default's only one."""
    pgring = make_pgring(settings={"default_pool_size": 1,
                                   "track_extra_parameters": "IntervalStyle, default_transaction_read_only"})
    with pgring.connect() as first, pgring.connect() as second:
        first.execute("set default_transaction_read_only to on")
        assert second.execute("show default_transaction_read_only").fetchone() == ("off",)
        assert first.execute("show default_transaction_read_only").fetchone() == ("on",)


def test_options_in_the_connection_string(pgring):
    with psycopg.connect(pgring.dsn() + " options='-c timezone=Asia/Tokyo -c datestyle=German'",
                         autocommit=True) as client:
        assert client.execute("show timezone").fetchone() == ("Asia/Tokyo",)
        assert client.execute("show datestyle").fetchone()[0].startswith("German")
