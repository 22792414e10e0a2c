"""What has gathered goes out together: statements to a server, and answers into the reply pipe, with
one call each. What is long is moved from the pipe to the client."""

import contextlib
import os
import signal

from support.call_counter import CallCounter, needs_counter
from support.crowd import console, login
from support.process import wait_until
from support.wire import kinds, query

CLIENTS = 20


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@needs_counter
def test_statements_and_answers_share_calls(cluster, make_pgring, tmp_path, monkeypatch):
    counter = CallCounter(tmp_path)
    pgring = counter.start(make_pgring, monkeypatch, settings={
        "worker_processes": 1, "default_pool_size": 1, "pipeline_depth": 64, "pipeline_stall": "30s",
        "admin_users": "postgres"})
    master, (worker,) = pgring.process.pid, pgring.workers()

    def waiting():
        return sum(int(pool["cl_waiting"]) for pool in console(pgring, "show pools"))

    def has_answered(backend, sql):
        activity = cluster.query("select state, query from pg_stat_activity where pid = %d" % backend)
        return activity == [("idle", sql)]

    with contextlib.ExitStack() as connected:
        clients = [connected.enter_context(login(pgring)) for _ in range(CLIENTS)]
        backend = int(clients[0].ask("select pg_backend_pid()")[0][0])
        with stopped(backend):
            with stopped(worker):
                before = counter.of([worker])
                for number, client in enumerate(clients):
                    client.send(query("select %d" % number))
                    wait_until(lambda: waiting() == number + 1, "the master has taken the statement")
            wait_until(lambda: counter.of([worker]).sends > before.sends, "the worker has sent")
            os.kill(worker, signal.SIGSTOP)
        with contextlib.ExitStack() as again:
            again.callback(os.kill, worker, signal.SIGCONT)
            wait_until(lambda: has_answered(backend, "select %d" % (CLIENTS - 1)), "all have been answered")
            of_master = counter.of([master])
        for client in clients:
            assert kinds(client.read_until()) == b"TDCZ"
        after = counter.of([worker])
        assert after.sends - before.sends == 1
        assert after.writes - before.writes == 1
        assert counter.of([master]).sends - of_master.sends == CLIENTS


@needs_counter
def test_a_long_result_is_not_copied_by_the_master(make_pgring, tmp_path, monkeypatch):
    counter = CallCounter(tmp_path)
    pgring = counter.start(make_pgring, monkeypatch)
    with login(pgring) as client:
        assert client.ask("select 1") == [["1"]]
        before = counter.of([pgring.process.pid])
        assert len(client.ask("select repeat('x', 1000) from generate_series(1, 20000)")) == 20000
        after = counter.of([pgring.process.pid])
    # Its beginning, its end and small pieces are not.
    assert after.moved - before.moved > 20000 * 1000 / 2
