"""The differential test itself: it sees what it must see, and only that."""

import asyncio
import threading
from contextlib import contextmanager

import generate
import pytest
import run
import servers
import shrink
import wire
from player import play
from script import CONNECT, SEND, TERMINATE, Script, Step
from tracker import Tracker


@pytest.fixture(scope="module")
def host(cluster):
    shared = servers.Servers(clients=2, cluster=cluster)
    yield shared
    shared.stop()


@contextmanager
def relay(port, change):
    """Passes bytes on to a server; change(bytes) alters what comes back to the clients."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    found = {}

    async def pump(reader, writer, alter):
        while data := await reader.read(65536):
            writer.write(alter(data))
            await writer.drain()
        writer.close()

    async def serve(reader, writer):
        to, back = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(pump(reader, back, bytes), pump(to, writer, change))
        except ConnectionError:
            writer.close()

    async def start():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        found["port"] = server.sockets[0].getsockname()[1]
        ready.set()

    def run_loop():
        asyncio.set_event_loop(loop)
        loop.create_task(start())
        loop.run_forever()

    thread = threading.Thread(target=run_loop, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield found["port"]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def simple_script(name, *queries):
    account = {"user": servers.USER, "database": servers.DATABASE}
    steps = [Step(CONNECT, parameters=account)]
    steps += [Step(SEND, (wire.query(text),)) for text in queries]
    return Script(name, (*steps, Step(TERMINATE)))


@pytest.mark.parametrize("change, expected", [
    (bytes, 0),
    (lambda data: data.replace(b"c1-3", b"c0-3"), 1),
    (lambda data: data.replace(b"SELECT 1\0Z", b"SELECT 7\0Z"), 1),
], ids=["nothing", "another client's row", "a wrong tag"])
def test_a_changed_byte_is_a_difference(host, change, expected):
    scripts = [simple_script(name, f"select v from {name}.t where id = 3") for name in ("c0", "c1")]
    with relay(host.port, change) as port:
        host.via_port = port
        assert bool(run.Contest(host, "relay").verdict(scripts)) == bool(expected)


def test_a_lost_answer_is_a_difference(host):
    complete = wire.message("C", b"SELECT 1\0", "").data
    with relay(host.port, lambda data: data.replace(complete, b"")) as port:
        host.via_port = port
        assert run.Contest(host, "relay").verdict([simple_script("c0", "select 1")], patience=1)


def test_shrinking_leaves_only_what_is_needed():
    """And the Sync, without which it is up to the server when answers come."""
    scripts = generate.scripts("shrink", "session", ["c0", "c1", "c2"], 14, "u", "d")
    needed = wire.query("select 'the culprit'")
    steps = list(scripts[1].steps)
    steps.insert(len(steps) // 2, Step(SEND, (wire.query("select 1"), needed, wire.SYNC)))
    scripts[1] = scripts[1].with_steps(steps)

    def differs(candidate):
        return any(needed in step.messages for script in candidate for step in script.steps)

    small = shrink.shrink(scripts, differs, seconds=20)
    assert [script.name for script in small] == ["c1"]
    assert [step.messages for step in small[0].steps if step.messages] == [(needed, wire.SYNC)]


def test_scripts_are_the_same_for_the_same_seed():
    made = [generate.scripts("7", mode, ["c0"], 14, "u", "d") for mode in (*run.MODES, *run.MODES)]
    assert made[:3] == made[3:]


def test_statement_mode_has_no_transaction_blocks():
    for number in range(50):
        (script,) = generate.scripts(str(number), "statement", ["c0"], 14, "u", "d")
        data = b"".join(message.data.lower() for step in script.steps for message in step.messages)
        assert b"begin;" not in data and b"\0begin\0" not in data and b"start trans" not in data


def test_the_tracker_follows_an_error_to_the_sync():
    tracker = Tracker()
    for message in (wire.parse("", "selec"), wire.bind("", ""), wire.execute(""), wire.FLUSH):
        tracker.sent(message)
    assert not tracker.satisfied()
    tracker.received("E", b"")
    assert tracker.satisfied()
    tracker.sent(wire.execute(""))
    tracker.sent(wire.SYNC)
    assert not tracker.satisfied()
    tracker.received("Z", b"I")
    assert tracker.satisfied() and tracker.ready_status == "I"


def test_the_tracker_forgets_syncs_inside_copy():
    tracker = Tracker()
    for message in (wire.parse("", "copy"), wire.bind("", ""), wire.execute(""), wire.SYNC):
        tracker.sent(message)
    for kind in "12G":
        tracker.received(kind, b"")
    assert tracker.satisfied()
    for message in (wire.copy_data(b"1\n"), wire.SYNC, wire.COPY_DONE, wire.SYNC):
        tracker.sent(message)
    tracker.received("C", b"COPY 1\0")
    assert not tracker.satisfied()
    tracker.received("Z", b"I")
    assert tracker.satisfied()


def test_playing_ends_when_the_server_is_gone():
    (player,) = play([simple_script("c0", "select 1")], 1)
    assert player.connections[0].messages[0][0] == "cannot connect"
