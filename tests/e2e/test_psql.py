"""psql works through pgring as it does directly."""

import subprocess

from support.cluster import server_program


def psql(pgring, *arguments, script=None, **who):
    return subprocess.run([server_program("psql"), "-X", "-v", "ON_ERROR_STOP=1", "-At", *arguments],
                          env=pgring.environment(**who), input=script, capture_output=True, text=True,
                          timeout=30, check=False)


def test_a_statement_prints_its_rows(pgring):
    done = psql(pgring, "-c", "select 1, 'two', null")
    assert (done.stdout, done.stderr, done.returncode) == ("1|two|\n", "", 0)


def test_the_unix_socket_serves_too(pgring):
    done = psql(pgring, "-h", pgring.directory, "-c", "select current_user")
    assert (done.stdout, done.stderr) == ("postgres\n", "")


def test_several_statements_in_one_query(pgring):
    done = psql(pgring, "-c", "select 1; select 2; select 3")
    assert done.stdout == "1\n2\n3\n"


def test_an_error_comes_with_every_field(pgring):
    done = psql(pgring, "-v", "VERBOSITY=verbose", "-c", "select 1 +\n 'x'::int")
    assert done.returncode == 1
    for expected in ("ERROR:  22P02: invalid input syntax for type integer", "LINE 2:", "LOCATION:"):
        assert expected in done.stderr


def test_notices_arrive(pgring):
    done = psql(pgring, "-c", "do $$ begin raise notice 'hello %', 1; end $$")
    assert done.stderr == "NOTICE:  hello 1\n"


def test_copy_goes_in_and_out(pgring):
    script = """begin;
create table copied (a int, b text);
copy copied from stdin;
1\tone
2\t\\N
\\.
copy copied to stdout;
\\copy copied to stdout with csv header
rollback;
"""
    done = psql(pgring, "-q", script=script)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["1\tone", "2\t\\N", "a,b", "1,one", "2,"]


def test_describe_commands_work(pgring):
    done = psql(pgring, script="\\d pg_class\n\\l\n\\dt pg_catalog.*\n\\conninfo\n")
    assert done.returncode == 0 and "relname" in done.stdout and "template1" in done.stdout


def test_a_failed_transaction_is_reported_and_over_after_rollback(pgring):
    done = psql(pgring, "-v", "ON_ERROR_STOP=0",
                script="begin; select 1/0; select 2; rollback; select 3;")
    assert done.stdout.endswith("3\n")
    assert "division by zero" in done.stderr and "current transaction is aborted" in done.stderr


def test_gexec_and_bind_use_the_extended_protocol(pgring):
    done = psql(pgring, script="select 'select 40 + 2' \\gexec\n")
    assert done.stdout == "42\n"
