"""PostgreSQL protocol v3 on the wire: builds frontend messages, cuts and prints backend messages.

Message formats: PostgreSQL manual, chapter "Frontend/Backend Protocol", section "Message Formats".
"""

import struct
from dataclasses import dataclass

PROTOCOL_3_0 = 3 << 16
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102


@dataclass(frozen=True)
class Msg:
    """One frontend message: its type byte, its bytes, and how to show it in a script.

    breaks_copy marks the message at which the server is bound to end a COPY FROM STDIN with an
    error, so that the reader knows what the server skips.
    """

    kind: str
    data: bytes
    text: str
    breaks_copy: bool = False

    def __str__(self):
        return self.text


def cstring(value):
    raw = value.encode() if isinstance(value, str) else value
    return raw + b"\0"


def shorten(value, limit=100):
    """A printable form that fits a line; the length stands in for what is cut off."""
    shown = repr(value)
    if len(shown) <= limit:
        return shown
    return f"{shown[:limit - 20]}...({len(value)} long)"


def message(kind, body, text, **more):
    return Msg(kind, kind.encode() + struct.pack("!i", len(body) + 4) + body, text, **more)


def startup(parameters, protocol=PROTOCOL_3_0):
    body = struct.pack("!i", protocol)
    for name, value in parameters.items():
        body += cstring(name) + cstring(value)
    return struct.pack("!i", len(body) + 5) + body + b"\0"


def request(code, payload=b""):
    """SSLRequest, GSSENCRequest or CancelRequest: a length, a code, no type byte."""
    return struct.pack("!ii", len(payload) + 8, code) + payload


def cancel_request(pid, secret):
    return request(CANCEL_REQUEST, struct.pack("!ii", pid, secret))


def query(sql):
    return message("Q", cstring(sql), f"Query {shorten(sql, 300)}")


def parse(name, sql, oids=()):
    body = cstring(name) + cstring(sql) + struct.pack(f"!h{len(oids)}I", len(oids), *oids)
    return message("P", body, f"Parse {name!r} {shorten(sql, 300)} {list(oids) or ''}".rstrip())


def bind(portal, statement, values=(), formats=(), results=()):
    body = cstring(portal) + cstring(statement)
    body += struct.pack(f"!h{len(formats)}h", len(formats), *formats)
    body += struct.pack("!h", len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    body += struct.pack(f"!h{len(results)}h", len(results), *results)
    shown = ", ".join(shorten(value, 60) for value in values)
    return message("B", body, f"Bind {portal!r} <- {statement!r} ({shown}) "
                              f"formats={list(formats)} results={list(results)}")


def describe(what, name):
    return message("D", what.encode() + cstring(name), f"Describe {what} {name!r}")


def execute(portal, rows=0):
    body = cstring(portal) + struct.pack("!i", rows)
    return message("E", body, f"Execute {portal!r} rows={rows}")


def close(what, name):
    return message("C", what.encode() + cstring(name), f"Close {what} {name!r}")


def function_call(oid, arguments=(), formats=(), result=0):
    body = struct.pack(f"!Ih{len(formats)}h", oid, len(formats), *formats)
    body += struct.pack("!h", len(arguments))
    for value in arguments:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    body += struct.pack("!h", result)
    shown = ", ".join(shorten(value, 40) for value in arguments)
    return message("F", body, f"FunctionCall {oid} ({shown}) "
                              f"formats={list(formats)} result={result}")


def copy_data(data, breaks_copy=False):
    return message("d", data, f"CopyData {shorten(data)}", breaks_copy=breaks_copy)


def copy_fail(reason):
    return message("f", cstring(reason), f"CopyFail {reason!r}", breaks_copy=True)


FLUSH = message("H", b"", "Flush")
SYNC = message("S", b"", "Sync")
COPY_DONE = message("c", b"", "CopyDone")
TERMINATE = message("X", b"", "Terminate")


class Malformed(Exception):
    """The peer sent something that is no protocol message."""


class Cutter:
    """Cuts a byte stream into (type, body) pairs, whatever pieces it comes in."""

    def __init__(self):
        self._buffer = bytearray()

    def feed(self, data):
        self._buffer += data
        found, at = [], 0
        while len(self._buffer) - at >= 5:
            (length,) = struct.unpack_from("!i", self._buffer, at + 1)
            if length < 4:
                raise Malformed(f"length {length} after {bytes(self._buffer[at:at + 1])!r}")
            if len(self._buffer) - at < length + 1:
                break
            found.append((chr(self._buffer[at]), bytes(self._buffer[at + 5:at + 1 + length])))
            at += length + 1
        del self._buffer[:at]
        return found

    def rest(self):
        """Bytes of a message not complete yet."""
        return bytes(self._buffer)


NAMES = {
    "R": "Authentication", "K": "BackendKeyData", "S": "ParameterStatus", "Z": "ReadyForQuery",
    "T": "RowDescription", "D": "DataRow", "C": "CommandComplete", "I": "EmptyQueryResponse",
    "E": "ErrorResponse", "N": "NoticeResponse", "1": "ParseComplete", "2": "BindComplete",
    "3": "CloseComplete", "n": "NoData", "t": "ParameterDescription", "s": "PortalSuspended",
    "G": "CopyInResponse", "H": "CopyOutResponse", "W": "CopyBothResponse", "d": "CopyData",
    "c": "CopyDone", "V": "FunctionCallResponse", "A": "NotificationResponse",
    "v": "NegotiateProtocolVersion",
}


def error_fields(body):
    """The fields of an ErrorResponse or NoticeResponse: field code -> text."""
    fields = {}
    for field in body.split(b"\0"):
        if field:
            fields[chr(field[0])] = field[1:].decode("utf-8", "backslashreplace")
    return fields


def without_place_in_source(error):
    """An ErrorResponse's body without file, line and routine."""
    return b"\0".join(field for field in error.split(b"\0") if field[:1] not in b"FLR")


def row_description(body):
    """[(name, table oid, column number, type oid, size, modifier, format)]"""
    (count,) = struct.unpack_from("!h", body)
    at, columns = 2, []
    for _ in range(count):
        end = body.index(b"\0", at)
        columns.append((body[at:end], *struct.unpack_from("!IhIhih", body, end + 1)))
        at = end + 19
    return columns


def data_row(body):
    (count,) = struct.unpack_from("!h", body)
    at, values = 2, []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if length < 0 else body[at:at + length])
        at += max(length, 0)
    return values


def show(item):
    """One backend message as a line of text."""
    kind, body = item
    if len(kind) > 1:
        return f"*** {kind} {body!r}" if body else f"*** {kind}"
    name = NAMES.get(kind, f"unknown {kind!r}")
    if kind in "EN":
        fields = error_fields(body)
        return f"{name} " + " ".join(f"{code}={shorten(text, 90)}" for code, text in fields.items())
    if kind == "D":
        return f"{name} " + ", ".join(shorten(value, 60) for value in data_row(body))
    if kind == "T":
        columns = (f"{c[0].decode('utf-8', 'replace')}:{c[1]}.{c[2]}:{c[3]}/{c[6]}"
                   for c in row_description(body))
        return f"{name} " + ", ".join(columns)
    return f"{name} {shorten(body)}" if body else name
