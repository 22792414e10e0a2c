"""The PostgreSQL protocol (v3) by hand, for what no driver would send. Strict about what it reads."""

import socket
import struct

PROTOCOL_3_0 = 196608
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102


def message(kind, payload=b""):
    return kind + struct.pack("!i", len(payload) + 4) + payload


def string(text):
    return text.encode() + b"\0"


def startup(parameters, version=PROTOCOL_3_0):
    body = b"".join(string(key) + string(value) for key, value in parameters.items()) + b"\0"
    return struct.pack("!ii", len(body) + 8, version) + body


def request(code, payload=b""):
    """SSLRequest, GSSENCRequest and CancelRequest have a startup packet's shape."""
    return struct.pack("!ii", len(payload) + 8, code) + payload


def query(sql):
    return message(b"Q", string(sql))


def parse(name, sql, types=()):
    return message(b"P", string(name) + string(sql) + struct.pack("!h", len(types)) +
                   b"".join(struct.pack("!i", oid) for oid in types))


def bind(portal, name, values=(), result_formats=()):
    body = string(portal) + string(name) + struct.pack("!hh", 0, len(values))
    for value in values:
        encoded = None if value is None else str(value).encode()
        body += struct.pack("!i", -1) if encoded is None else struct.pack("!i", len(encoded)) + encoded
    body += struct.pack("!h", len(result_formats))
    return message(b"B", body + b"".join(struct.pack("!h", code) for code in result_formats))


def describe(kind, name):
    return message(b"D", kind + string(name))


def execute(portal="", rows=0):
    return message(b"E", string(portal) + struct.pack("!i", rows))


def close(kind, name):
    return message(b"C", kind + string(name))


FLUSH = message(b"H")
SYNC = message(b"S")
TERMINATE = message(b"X")


def error_fields(payload):
    """{"S": severity, "C": sqlstate, "M": text, ...} of an ErrorResponse or NoticeResponse."""
    return {part[:1].decode(): part[1:].decode() for part in payload.split(b"\0") if part}


def data_row(payload):
    (count,), at, values = struct.unpack("!h", payload[:2]), 2, []
    for _ in range(count):
        (length,) = struct.unpack("!i", payload[at:at + 4])
        at += 4
        values.append(None if length < 0 else payload[at:at + length].decode())
        at += max(length, 0)
    return values


class Wire:
    """One connection; as in libpq, a host that is a path is the folder of a Unix socket. read() gives
    (kind, payload), or None at the end of the stream."""

    def __init__(self, port, host="127.0.0.1", timeout=10.0):
        if host.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect("%s/.s.PGSQL.%d" % (host, port))
        else:
            self.socket = socket.create_connection((host, port), timeout=timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as drivers do
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))
        return self

    def _fill(self, size):
        while len(self.buffer) < size:
            try:
                received = self.socket.recv(1 << 20)
            except ConnectionResetError:
                received = b""
            if not received:
                assert not self.buffer, "the stream ends inside a message: %r" % self.buffer[:64]
                return False
            self.buffer += received
        return True

    def read_raw(self, size):
        """Bytes without a frame, such as the answer to SSLRequest."""
        assert self._fill(size), "the stream has ended"
        raw, self.buffer = self.buffer[:size], self.buffer[size:]
        return raw

    def read(self):
        if not self._fill(5):
            return None
        kind, (length,) = self.buffer[:1], struct.unpack("!i", self.buffer[1:5])
        assert length >= 4, "message %r of length %d" % (kind, length)
        self._fill(length + 1)
        payload, self.buffer = self.buffer[5:length + 1], self.buffer[length + 1:]
        return kind, payload

    def read_until(self, kinds=b"Z"):
        """All messages up to one of these kinds, or up to the stream's end."""
        messages = []
        while True:
            received = self.read()
            if received is None:
                return messages
            messages.append(received)
            if received[0] in kinds:
                return messages

    def at_end(self):
        """True when the peer has closed and nothing is left to read."""
        return self.read() is None

    def login(self, user="postgres", database="test", version=PROTOCOL_3_0, **parameters):
        """Returns the messages of the greeting; they end in ReadyForQuery or ErrorResponse."""
        self.send(startup({"user": user, "database": database, **parameters}, version))
        return self.read_until(b"ZE")

    def ask(self, sql):
        """Rows of a simple query, as lists of strings; an ErrorResponse fails the test."""
        self.send(query(sql))
        messages = self.read_until()
        errors = [error_fields(payload) for kind, payload in messages if kind == b"E"]
        assert not errors, errors
        assert messages and messages[-1][0] == b"Z", messages
        return [data_row(payload) for kind, payload in messages if kind == b"D"]


def kinds(messages):
    """The shape of an answer: b"12TDCZ"."""
    return b"".join(kind for kind, _ in messages)


def only_error(messages):
    """The fields of the one ErrorResponse among these messages."""
    errors = [error_fields(payload) for kind, payload in messages if kind == b"E"]
    assert len(errors) == 1, messages
    return errors[0]
