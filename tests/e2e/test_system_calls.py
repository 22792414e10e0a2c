"""What has gathered goes out together: statements to a server, and answers into the reply pipe, with
one call each. But it does not gather for long: of many clients, of a client that sends much and of a
server that answers at length only so much is taken before it goes on. What is long is moved from the
pipe to the client."""

import contextlib
import os
import signal
import socket

from support.call_counter import CallCounter, needs_counter
from support.crowd import console, login
from support.process import wait_until
from support.wire import Wire, kinds, query

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


@needs_counter
def test_a_crowd_is_served_a_few_clients_at_a_time(make_pgring, tmp_path, monkeypatch):
    counter = CallCounter(tmp_path)
    pgring = counter.start(make_pgring, monkeypatch)
    master = pgring.process.pid
    with contextlib.ExitStack() as connected:
        clients = [connected.enter_context(login(pgring)) for _ in range(100)]
        with stopped(master):
            for number, client in enumerate(clients):
                client.send(query("select %d" % number))
        for client in clients:
            assert kinds(client.read_until()) == b"TDCZ"
    assert 8 <= counter.of([master]).most_receives <= 32


@needs_counter
def test_a_client_that_sends_much_has_its_turn_like_others(make_pgring, tmp_path, monkeypatch):
    counter = CallCounter(tmp_path)
    pgring = counter.start(make_pgring, monkeypatch)
    master = pgring.process.pid
    with Wire(pgring.port, host=pgring.directory) as client:
        client.login()
        statement = query("select length('%s')" % ("x" * 1_000_000))
        with stopped(master):
            sent = client.socket.send(statement, socket.MSG_DONTWAIT)
        assert sent > 100_000  # so much lay ready at once
        client.send(statement[sent:])
        assert kinds(client.read_until()) == b"TDCZ"
    assert 60_000 < counter.of([master]).most_received <= 64 * 1024


@needs_counter
def test_a_server_that_answers_at_length_has_its_turn_like_others(cluster, make_pgring, tmp_path,
                                                                  monkeypatch):
    counter = CallCounter(tmp_path)
    pgring = counter.start(make_pgring, monkeypatch, settings={"worker_processes": 1})
    (worker,) = pgring.workers()
    with login(pgring) as client:
        backend = int(client.ask("select pg_backend_pid()")[0][0])
        with stopped(backend):
            before = counter.of([worker])
            client.send(query("select repeat('x', 1000) from generate_series(1, 20000)"))
            wait_until(lambda: counter.of([worker]).sends > before.sends, "the worker has sent")
            os.kill(worker, signal.SIGSTOP)
        with contextlib.ExitStack() as again:
            again.callback(os.kill, worker, signal.SIGCONT)
            wait_until(lambda: cluster.query(
                "select wait_event from pg_stat_activity where pid = %d" % backend) == [("ClientWrite",)],
                "the server can send no more")
        assert len(client.read_until()) == 20003
    assert 120_000 < counter.of([worker]).most_received <= 128 * 1024
