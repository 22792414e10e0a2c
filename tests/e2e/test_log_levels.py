"""What debug and noise add to the log."""

import re


def test_debug_tells_the_life_of_a_connection(make_pgring):
    pgring = make_pgring(settings={"log_level": "debug", "server_idle_timeout": "300ms"})
    (pid,) = pgring.query("select pg_backend_pid()")[0]
    pgring.wait_log(r"DEBUG: test/postgres: backend %d: closed" % pid)
    told = re.findall(r"worker \d DEBUG: test/postgres: (.*)$", pgring.log(), re.MULTILINE)
    assert told == ["connecting"] + ["backend %d: %s" % (pid, what) for what in
                                     ("connected", "to be closed: server_idle_timeout", "closed")]


def test_noise_tells_the_way_of_a_statement(make_pgring):
    pgring = make_pgring(settings={"log_level": "noise", "default_pool_size": 1})
    with pgring.connect(user="alice") as client:
        (pid,) = client.execute("select pg_backend_pid()").fetchone()
        client.execute("select 'read'")
        client.execute("begin")
        client.execute("commit")
    pgring.wait_log("user=alice .*: disconnected")
    queued = re.findall(r"master NOISE client=127\.0\.0\.1:\d+ user=alice db=test session=\d+: task (\S+) in lane "
                        r"\d+: (.*)$", pgring.log(), re.MULTILINE)
    assert [kind for _, kind in queued][-4:] == ["exclusive", "independent read", "exclusive", "exclusive"]
    for (task, _), end in zip(queued[-4:], ["", "", "; the client keeps the connection", ""]):
        way = [r"NOISE: test/alice: backend %d: task %s %s$" % (pid, re.escape(task), step)
               for step in ("sent", "answered" + end)]
        places = [pgring.wait_log(step).start() for step in way]
        assert places == sorted(places)
    assert "'read'" not in pgring.log()
