"""Plays the scripts of several clients at once against one port and records what each received."""

import math
import random
import select
import socket
import struct
import time

import wire
from script import CANCEL, CONNECT, SEND, TERMINATE, VANISH
from tracker import Tracker

CONNECT_TIMEOUT = 10
CANCEL_INTERVAL = 0.05
# What the server has not been asked to send it keeps up to 8 kB, and takes with it when it leaves. How
# much of a longer answer that is depends on messages that a pooler hides.
SERVER_BUFFER = 8000


class Connection:
    """What one connection received.

    With `certain` set, the client left while the server was answering, or the server while it had
    more: at least that many messages came, and what follows may end anywhere.
    """

    def __init__(self):
        self.messages = []
        self.certain = None


class Player:
    """One client. Its socket never blocks; `turn` does what can be done now.

    expected: for each step, how many messages the connection had received when the same step was
    over on the reference side; None on the reference side itself, where a Tracker knows. A step that
    the reference side never finished, as the server closed, is over when the server closes here, too.
    """

    def __init__(self, script, port, expected, patience):
        self._script, self._port = script, port
        self._expected, self._patience = expected, patience
        self._random = random.Random(script.seed)
        self._step = -1
        self.socket = None
        self.connections = []
        self.marks = {}
        self.done = False
        self.timed_out = False
        self._cancel = None
        self._next_step()

    # What the loop needs to know.

    def wants_to_write(self):
        return bool(self._pieces) and time.monotonic() >= self._hold

    def wants_to_read(self):
        return time.monotonic() >= self._rest_until

    def soonest(self):
        """When this client must be looked at again though nothing arrives."""
        times = [self._deadline]
        if self._pieces:
            times.append(self._hold)
        if self._script.rest:
            times.append(self._rest_until)
        if self._cancel is not None or self._is(CANCEL):
            times.append(self._next_cancel)
        return min((at for at in times if at > time.monotonic()), default=0)

    def turn(self, readable, writable):
        try:
            if readable:
                self._read()
            if writable and self.socket is not None and self._pieces:
                self._write()
        except (ConnectionError, BrokenPipeError):
            self._closed()
        if not self.done and self.socket is not None:
            self._tend_cancel()
            self._proceed()

    # Steps.

    def _is(self, kind):
        return self._step < len(self._script.steps) and self._now.kind == kind

    def _next_step(self):
        self._step += 1
        if self._step >= len(self._script.steps):
            self._finish()
            return
        self._now = self._script.steps[self._step]
        self._deadline = time.monotonic() + self._patience
        self._start_bytes = getattr(self, "_received", 0)
        self._next_cancel, self._cancels = time.monotonic() + CANCEL_INTERVAL, 0
        if self._now.kind == CONNECT:
            self._connect()
            return
        messages = list(self._now.messages)
        data = b"".join(message.data for message in messages)
        if self._now.kind == TERMINATE:
            data += wire.TERMINATE.data
        if self._now.cut_off:
            data = data[:-min(self._now.cut_off, len(messages.pop().data))]
        for message in messages:
            self._tracker.sent(message)
        self._queue(data)

    def _proceed(self):
        """Takes the next steps as long as the present one is over."""
        while not self.done and self.socket is not None and self._step_over():
            received = len(self.connections[-1].messages)
            if self._now.kind == VANISH:
                self.marks[self._step] = received
                self._vanish()
                return
            if self._now.wait:
                self._certain = self.marks[self._step] = received
            self._next_step()
        if not self.done and time.monotonic() > self._deadline:
            self.timed_out = True
            self.connections[-1].messages.append(("timed out in step", str(self._step).encode()))
            self._drop()
            self._finish()

    def _step_over(self):
        kind = self._now.kind
        if kind == TERMINATE or self._cancel is not None:
            return False  # the server closes; the cancel request is answered first
        if kind == SEND and not self._now.wait:
            return True
        if self._pieces:
            return False
        if kind == CANCEL and not self._now.messages:
            return self._cancels > 0
        if kind == VANISH and self._received - self._start_bytes >= self._now.read_bytes:
            return True
        if self._expected is None:
            return self._tracker.satisfied() and (kind != CONNECT or self._ready)
        return len(self.connections[-1].messages) >= self._expected.get(self._step, math.inf)

    def _connect(self):
        self.connections.append(Connection())
        try:
            self.socket = socket.create_connection(("127.0.0.1", self._port), CONNECT_TIMEOUT)
        except OSError as error:
            self.connections[-1].messages.append(("cannot connect", str(error).encode()))
            self._to_next_connection()
            return
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._cutter, self._tracker = wire.Cutter(), Tracker()
        self._received, self._certain, self._start_bytes = 0, 0, 0
        self._ready, self._key = False, None
        self._pieces, self._hold, self._rest_until = [], 0, 0
        self._queue(wire.startup(self._now.parameters))

    # Bytes.

    def _queue(self, data):
        at = 0
        while at < len(data):
            if self._script.pieces == "whole":
                size = len(data)
            elif self._script.pieces == "bytes":
                size = 1 if at < 300 else 4096
            else:
                size = self._random.choice([1, 2, 3, 4, 5, 7, 13, 40, 200, 1500, 20000])
            self._pieces.append(data[at:at + size])
            at += size

    def _write(self):
        piece = self._pieces[0]
        try:
            count = self.socket.send(piece)
        except BlockingIOError:
            return
        self._pieces[0] = piece[count:]
        if count == len(piece):
            self._pieces.pop(0)
            if self._script.pieces != "whole" and self._random.random() < 0.05:
                self._hold = time.monotonic() + 0.001

    def _read(self):
        try:
            data = self.socket.recv(self._script.receive)
        except BlockingIOError:
            return
        if not data:
            self._closed()
            return
        self._deadline = max(self._deadline, time.monotonic() + self._patience)
        self._rest_until = time.monotonic() + self._script.rest
        self._received += len(data)
        for kind, body in self._cutter.feed(data):
            if kind == "E" and self._is(CANCEL):
                body = self._without_traces_of_the_server(body)
            self.connections[-1].messages.append((kind, body))
            self._tracker.received(kind, body)
            if kind == "K":
                self._key = struct.unpack("!ii", body)
            self._ready = self._ready or kind == "Z"

    def _without_traces_of_the_server(self, error):
        """A statement cancelled while it waits for a connection is answered by the pooler alone."""
        if b"\0C57014\0" not in error:
            return error
        messages = self.connections[-1].messages
        if messages[-1][0] == "T":
            messages.pop()
        return wire.without_place_in_source(error)

    # Cancelling: one request at a time, each waited for until the server has closed it.

    def _tend_cancel(self):
        if self._cancel is not None:
            if select.select([self._cancel], [], [], 0)[0]:
                self._cancel.close()
                self._cancel = None
                self._cancels += 1
                self._next_cancel = time.monotonic() + CANCEL_INTERVAL
        elif self._is(CANCEL) and time.monotonic() >= self._next_cancel and not self._step_over():
            self._cancel = socket.create_connection(("127.0.0.1", self._port), CONNECT_TIMEOUT)
            self._cancel.sendall(wire.cancel_request(*self._key))
            self._next_cancel = time.monotonic() + CANCEL_INTERVAL

    # Ends.

    def _vanish(self):
        self.connections[-1].certain = self._certain
        if self._random.random() < 0.5:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._drop()
        self._to_next_connection()

    def _closed(self):
        rest = self._cutter.rest()
        if rest:
            self.connections[-1].messages.append(("incomplete message", rest))
        self.connections[-1].messages.append(("closed by server", b""))
        if self._now.kind == TERMINATE and self._received - self._start_bytes > SERVER_BUFFER:
            self.connections[-1].certain = self._certain
        self._drop()
        self._to_next_connection()

    def _to_next_connection(self):
        while self._step + 1 < len(self._script.steps):
            if self._script.steps[self._step + 1].kind == CONNECT:
                break
            self._step += 1
        self._next_step()

    def _drop(self):
        if self._cancel is not None:
            self._cancel.close()
            self._cancel = None
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def _finish(self):
        self._drop()
        self.done = True


def play(scripts, port, expected=None, patience=10):
    """Plays all scripts at once; the finished players, in the scripts' order."""
    players = [Player(script, port, expected[number] if expected else None, patience)
               for number, script in enumerate(scripts)]
    while True:
        busy = [player for player in players if not player.done]
        if not busy:
            return players
        wait = min(player.soonest() for player in busy) - time.monotonic()
        readers = [player.socket for player in busy if player.wants_to_read()]
        writers = [player.socket for player in busy if player.wants_to_write()]
        readable, writable, _ = select.select(readers, writers, [], max(0, min(wait, 1)))
        for player in busy:
            player.turn(player.socket in readable, player.socket in writable)
