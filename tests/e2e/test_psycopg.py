"""psycopg 3 through pgring: sync, async, pipelines, COPY, cursors and its automatic prepared statements."""

import asyncio
import datetime
import decimal

import psycopg
import pytest
from psycopg.types.json import Jsonb


def test_values_of_many_types_come_back_as_they_went(pgring):
    values = (1, 2.5, "ünïcode", b"\x00\xff", None, True, decimal.Decimal("1.50"),
              datetime.date(2024, 2, 29), Jsonb({"a": [1, None]}), [1, 2, 3])
    row = None
    with pgring.connect() as connection:
        for binary in (False, True):
            row = connection.execute(
                "select %s::int, %s::float8, %s::text, %s::bytea, %s::text, %s::bool, %s::numeric,"
                " %s::date, %s::jsonb, %s::int[]", values, binary=binary).fetchone()
            assert row == (*values[:8], {"a": [1, None]}, [1, 2, 3])


def test_transactions_commit_and_roll_back(pgring):
    with pgring.connect() as connection:
        connection.execute("drop table if exists psycopg_tx; create table psycopg_tx (a int)")
        with connection.transaction():
            connection.execute("insert into psycopg_tx values (1)")
            with pytest.raises(psycopg.errors.DivisionByZero):
                with connection.transaction():
                    connection.execute("insert into psycopg_tx values (2)")
                    connection.execute("select 1/0")
            connection.execute("insert into psycopg_tx values (3)")
        assert connection.execute("select a from psycopg_tx order by a").fetchall() == [(1,), (3,)]
        connection.execute("drop table psycopg_tx")


def test_prepared_statements_live_across_transactions_and_connections(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 4})
    clients = [pgring.connect() for _ in range(8)]
    for round_number in range(20):
        for number, client in enumerate(clients):
            row = client.execute("select %s::int + %s::int, 'client " + str(number) + "'",
                                 (number, round_number), prepare=True).fetchone()
            assert row == (number + round_number, "client %d" % number)
    for client in clients:
        client.close()


def test_a_statement_prepared_in_a_rolled_back_transaction_stays(pgring):
    with pgring.connect(autocommit=False) as connection:
        connection.execute("select %s::int", (1,), prepare=True)
        connection.rollback()
        assert connection.execute("select %s::int", (2,), prepare=True).fetchone() == (2,)


def test_many_prepared_statements_exceed_the_limit_unnoticed(make_pgring):
    pgring = make_pgring(settings={"max_prepared_statements": 10, "default_pool_size": 2})
    with pgring.connect() as connection:
        connection.prepared_max = 1000
        for _ in range(3):
            for number in range(40):
                row = connection.execute("select %%s::int + %d" % number, (1,), prepare=True).fetchone()
                assert row == (number + 1,)


def test_executemany_returns_each_result(pgring):
    with pgring.connect() as connection:
        cursor = connection.cursor()
        cursor.executemany("select %s::int * 2", [(number,) for number in range(100)], returning=True)
        results = []
        while True:
            results.append(cursor.fetchone()[0])
            if not cursor.nextset():
                break
        assert results == [number * 2 for number in range(100)]


def test_a_pipeline_of_many_statements(pgring):
    with pgring.connect() as connection:
        with connection.pipeline():
            cursors = [connection.execute("select %s::int", (number,)) for number in range(200)]
        assert [cursor.fetchone()[0] for cursor in cursors] == list(range(200))


def test_an_error_in_a_pipeline_ends_only_its_batch(pgring):
    with pgring.connect() as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            with connection.pipeline():
                connection.execute("select 1")
                connection.execute("select 1/0")
                connection.execute("select 2")
        with connection.pipeline() as pipeline:
            before = connection.execute("select 1")
            pipeline.sync()
            failing = connection.execute("select 1/%s::int", (0,))
            with pytest.raises(psycopg.errors.DivisionByZero):
                pipeline.sync()
            after = connection.execute("select 2")
        assert before.fetchone() == (1,) and after.fetchone() == (2,)
        assert failing.pgresult is None or failing.rowcount < 1


@pytest.mark.parametrize("form", ["text", "csv", "binary"])
def test_copy_moves_rows_in_and_out(pgring, form):
    rows = [(number, "row %d" % number if number % 3 else None) for number in range(5000)]
    with pgring.connect() as connection:
        connection.execute("drop table if exists copied; create table copied (a int, b text)")
        with connection.cursor() as cursor:
            with cursor.copy("copy copied from stdin (format %s)" % form) as copy:
                if form == "csv":
                    copy.write("".join("%d,%s\n" % (a, b or "") for a, b in rows))
                else:
                    copy.set_types(["int4", "text"])
                    for row in rows:
                        copy.write_row(row)
            assert cursor.rowcount == 5000
            with cursor.copy("copy (select * from copied order by a) to stdout (format %s)"
                             % ("text" if form == "csv" else form)) as copy:
                copy.set_types(["int4", "text"])
                assert list(copy.rows()) == rows
        connection.execute("drop table copied")


def test_a_copy_given_up_leaves_nothing(pgring):
    with pgring.connect() as connection:
        connection.execute("drop table if exists given_up; create table given_up (a int)")
        with pytest.raises(psycopg.errors.QueryCanceled, match="changed my mind"):
            with connection.cursor().copy("copy given_up from stdin") as copy:
                copy.write_row((1,))
                raise RuntimeError("changed my mind")
        assert connection.execute("select count(*) from given_up").fetchone() == (0,)
        connection.execute("drop table given_up")


def test_a_copy_refused_by_the_server_leaves_the_connection_usable(pgring):
    with pgring.connect() as connection:
        connection.execute("drop table if exists refused; create table refused (a int)")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            with connection.cursor().copy("copy refused from stdin") as copy:
                copy.write("1\nnot a number\n" * 10000)
        assert connection.execute("select count(*) from refused").fetchone() == (0,)
        connection.execute("drop table refused")


def test_server_side_cursors_fetch_in_portions(pgring):
    with pgring.connect(autocommit=False) as connection:
        with connection.cursor(name="portions") as cursor:
            cursor.itersize = 100
            cursor.execute("select generate_series(1, 1000)")
            assert sum(row[0] for row in cursor) == 500500
        connection.commit()
        with connection.cursor(name="scrolling", scrollable=True) as cursor:
            cursor.execute("select generate_series(1, 10)")
            cursor.scroll(5)
            assert cursor.fetchmany(2) == [(6,), (7,)]
            cursor.scroll(-7)
            assert cursor.fetchone() == (1,)


def test_rows_stream_one_by_one(pgring):
    with pgring.connect() as connection:
        total = sum(row[0] for row in connection.cursor().stream("select generate_series(1, 20000)"))
        assert total == 200010000


def test_notices_reach_their_handler(pgring):
    heard = []
    with pgring.connect() as connection:
        connection.add_notice_handler(lambda notice: heard.append(notice.message_primary))
        connection.execute("do $$ begin raise warning 'beware'; end $$")
    assert heard == ["beware"]


def test_an_error_keeps_every_field(pgring):
    with pgring.connect() as connection:
        connection.execute("create temp table if not exists unused (a int)")
    with pgring.connect() as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute("do $$ begin raise exception 'no' using errcode = 'P0042', detail = 'd',"
                           " hint = 'h', column = 'c', table = 't', schema = 's', datatype = 'y',"
                           " constraint = 'k'; end $$")
    diagnosis = caught.value.diag
    assert (diagnosis.sqlstate, diagnosis.message_detail, diagnosis.message_hint) == ("P0042", "d", "h")
    assert (diagnosis.schema_name, diagnosis.table_name, diagnosis.column_name) == ("s", "t", "c")
    assert (diagnosis.datatype_name, diagnosis.constraint_name) == ("y", "k")
    assert diagnosis.severity_nonlocalized == "ERROR" and "PL/pgSQL" in diagnosis.context


def test_fifty_async_clients_get_their_own_answers(make_pgring):
    pgring = make_pgring(settings={"default_pool_size": 5})

    async def client(number):
        connection = await psycopg.AsyncConnection.connect(**pgring.address(), autocommit=True)
        async with connection:
            for turn in range(10):
                cursor = await connection.execute("select %s::int, %s::int", (number, turn))
                assert await cursor.fetchone() == (number, turn)
            async with connection.transaction():
                await connection.execute("select set_config('pgring.number', %s, true)", (str(number),))
                cursor = await connection.execute("select current_setting('pgring.number')")
                assert await cursor.fetchone() == (str(number),)

    async def everyone():
        await asyncio.gather(*[client(number) for number in range(50)])

    asyncio.run(everyone())


def test_async_pipeline_and_copy(pgring):
    async def work():
        connection = await psycopg.AsyncConnection.connect(**pgring.address(), autocommit=True)
        async with connection:
            async with connection.pipeline():
                cursors = [await connection.execute("select %s::int", (number,))
                           for number in range(50)]
            assert [(await cursor.fetchone())[0] for cursor in cursors] == list(range(50))
            async with connection.cursor().copy("copy (select generate_series(1, 3)) to stdout") as copy:
                assert [bytes(data) async for data in copy] == [b"1\n", b"2\n", b"3\n"]

    asyncio.run(work())
