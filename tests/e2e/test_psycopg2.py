"""psycopg2 through pgring; its large objects are the last users of the protocol's FunctionCall."""

import io
import socket
import threading

import psycopg2
import psycopg2.extras
import pytest


@pytest.fixture
def connection(pgring):
    opened = psycopg2.connect(**pgring.address())
    # A call that blocks inside libpq hears no timeout of pytest's; the end of its socket it hears.
    line = socket.fromfd(opened.fileno(), socket.AF_INET, socket.SOCK_STREAM)
    watchdog = threading.Timer(20, line.shutdown, (socket.SHUT_RDWR,))
    watchdog.start()
    yield opened
    watchdog.cancel()
    line.close()
    opened.close()


def test_transactions_are_implicit(connection):
    with connection, connection.cursor() as cursor:
        cursor.execute("select %s, %s", (1, "two"))
        assert cursor.fetchone() == (1, "two")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        with connection, connection.cursor() as cursor:
            cursor.execute("select * from no_such_table")
    with connection, connection.cursor() as cursor:
        cursor.execute("select 3")
        assert cursor.fetchone() == (3,)


def test_copy_and_execute_values(connection):
    with connection.cursor() as cursor:
        cursor.execute("create temp table copied2 (a int, b text) on commit drop")
        cursor.copy_expert("copy copied2 from stdin csv", io.StringIO("1,one\n2,two\n"))
        psycopg2.extras.execute_values(cursor, "insert into copied2 values %s", [(3, "x"), (4, "y")])
        out = io.StringIO()
        cursor.copy_expert("copy (select a from copied2 order by a) to stdout", out)
        assert out.getvalue() == "1\n2\n3\n4\n"
    connection.rollback()


def test_named_cursors(connection):
    with connection.cursor(name="named") as cursor:
        cursor.itersize = 10
        cursor.execute("select generate_series(1, 100)")
        assert sum(row[0] for row in cursor) == 5050


def test_large_objects_use_function_calls(connection):
    large = connection.lobject(0, "wb")
    large.write(b"pgring" * 10000)
    large.close()
    connection.commit()
    again = connection.lobject(large.oid, "rb")
    assert again.read() == b"pgring" * 10000
    again.unlink()
    connection.commit()


def test_two_phase_commit(connection):
    connection.tpc_begin(connection.xid(1, "pgring-test", "branch"))
    connection.cursor().execute("select 1")
    connection.tpc_prepare()
    connection.tpc_commit()
