"""Mistakes in the configuration are told all at once, with file, line, value and what was meant."""

import os
import subprocess

import pytest

from support.process import run_as

GOOD = """
; a comment
[databases]
app = host=/var/run/postgresql port=5433 dbname='my app' user=u password='it''s' pool_size=5
* = host=127.0.0.1
# another
[users]
alice = pool_mode=session

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = 6432
auth_type = trust
unix_socket_dir = %(directory)s
server_lifetime = 3600
query_wait_timeout = 2min
server_idle_timeout = 600
"""


@pytest.fixture
def check(make_pgring):
    """check(text, extra files) -> (exit code, what it printed)."""
    pgring = make_pgring(start=False)

    def run(text, **files):
        for name, content in {"main": text, **files}.items():
            with open(os.path.join(pgring.directory, name + ".ini"), "w", encoding="utf-8") as file:
                file.write(content.replace("%(directory)s", pgring.directory))
        done = subprocess.run([pgring.program, "-t", "main.ini"], cwd=pgring.directory, timeout=10,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, **run_as())
        return done.returncode, done.stdout

    return run


def test_a_good_file_passes(check):
    code, output = check(GOOD)
    assert code == 0, output
    assert "error" not in output.lower()


def test_all_mistakes_are_named_at_once(check):
    code, output = check("""[databases]
app = host=127.0.0.1 prot=5432
[pgring]
listen_addr = 127.0.0.1
auth_type = trust
max_client_con = 100
pool_mode = transactional
server_lifetime = 5 parsecs
default_pool_size = many
""")
    assert code != 0
    for line, words in {2: ["prot", "port"], 6: ["max_client_con", "max_client_conn"],
                        7: ["transactional", "pool_mode"], 8: ["5 parsecs", "server_lifetime"],
                        9: ["many", "default_pool_size"]}.items():
        told = [text for text in output.splitlines() if "main.ini:%d:" % line in text]
        assert told, "line %d is not named in:\n%s" % (line, output)
        assert all(any(word in text for text in told) for word in words), told


def test_a_value_out_of_range_is_refused(check):
    code, output = check(GOOD + "max_client_conn = 0\n")
    assert code != 0 and "max_client_conn" in output and "0" in output


def test_an_included_file_is_read_and_its_lines_are_named(check):
    code, output = check(GOOD + "%include more.ini\n", more="verbose = 1\n")
    assert code == 0, output
    code, output = check(GOOD + "%include more.ini\n", more="verbose = 1\nnonsense = 2\n")
    assert code != 0 and "more.ini:2:" in output and "nonsense" in output


def test_a_missing_include_and_a_circle_of_includes_are_refused(check):
    code, output = check(GOOD + "%include absent.ini\n")
    assert code != 0 and "absent.ini" in output
    code, output = check(GOOD + "%include circle.ini\n", circle="%include circle.ini\n")
    assert code != 0 and "circle.ini" in output


def test_an_unclosed_quote_is_named(check):
    code, output = check("[databases]\napp = host='127.0.0.1\n[pgring]\nauth_type = trust\n")
    assert code != 0 and "main.ini:2:" in output


def test_settings_of_pgbouncer_without_a_meaning_here_are_accepted_with_a_warning(check):
    code, output = check(GOOD + "pkt_buf = 8192\nsbuf_loopcnt = 5\n")
    assert code == 0, output
    assert "pkt_buf" in output and "sbuf_loopcnt" in output


def test_a_missing_file_is_refused(make_pgring):
    pgring = make_pgring(start=False)
    done = subprocess.run([pgring.program, "-t", "absent.ini"], cwd=pgring.directory, timeout=10,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          **run_as())
    assert done.returncode != 0
    assert "absent.ini" in done.stderr and "No such file" in done.stderr


def test_the_daemon_does_not_start_with_a_broken_file(make_pgring):
    pgring = make_pgring(start=False)
    with open(pgring.config_path, "a", encoding="utf-8") as file:
        file.write("nonsense = 1\n")
    done = subprocess.run([pgring.program, pgring.config_path], cwd=pgring.directory, timeout=10,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          **run_as())
    assert done.returncode != 0 and "nonsense" in done.stderr
