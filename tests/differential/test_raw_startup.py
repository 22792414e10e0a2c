"""Requests, startup packets and cancel keys, byte by byte: pgring answers as PostgreSQL does."""

import struct

import pytest
from raw import WHO, everything, only_the_fatal, same
from support.wire import (CANCEL_REQUEST, GSS_REQUEST, SSL_REQUEST, Wire, kinds, query, request,
                          startup)

pytestmark = pytest.mark.usefixtures("serves_others")
PROTOCOL_3_2 = (3 << 16) + 2


# Requests before the startup packet.

@pytest.mark.parametrize("codes", [[SSL_REQUEST], [GSS_REQUEST], [SSL_REQUEST, GSS_REQUEST],
                                   [GSS_REQUEST, SSL_REQUEST]])
def test_encryption_is_declined_and_startup_goes_on(pgring, codes):
    with Wire(pgring.port) as client:
        for code in codes:
            client.send(request(code))
            assert client.read_raw(1) == b"N"
        assert kinds(client.login())[-1:] == b"Z"
        assert client.ask("select 'plain'") == [["plain"]]


def test_requests_and_startup_may_come_in_one_write(pgring):
    with Wire(pgring.port) as client:
        client.send(request(SSL_REQUEST), request(GSS_REQUEST), startup(WHO), query("select 5"))
        assert client.read_raw(2) == b"NN"
        assert kinds(client.read_until(b"Z"))[:1] == b"R"
        assert kinds(client.read_until(b"Z")) == b"TDCZ"


def test_every_piece_may_be_one_byte(pgring):
    with Wire(pgring.port) as client:
        for byte in request(SSL_REQUEST):
            client.send(bytes([byte]))
        assert client.read_raw(1) == b"N"
        for byte in startup(WHO) + query("select 'slow'"):
            client.send(bytes([byte]))
        assert kinds(client.read_until(b"Z"))[-1:] == b"Z"
        assert kinds(client.read_until(b"Z")) == b"TDCZ"


def test_ssl_cannot_be_asked_twice(cluster, pgring):
    for port in (cluster.port, pgring.port):
        with Wire(port) as client:
            client.send(request(SSL_REQUEST))
            assert client.read_raw(1) == b"N"
            client.send(request(SSL_REQUEST))
            fields = only_the_fatal(client.read_until(b""))
            assert fields["C"] == "0A000"
            assert "unsupported frontend protocol 1234.5679" in fields["M"]


# The protocol's version and options.

@pytest.mark.parametrize("version, options", [
    (PROTOCOL_3_2, {}),
    ((3 << 16) + 9999, {}),
    (3 << 16, {"_pq_.compression": "zstd"}),
    (3 << 16, {"_pq_.one": "1", "_pq_.two": ""}),
    (PROTOCOL_3_2, {"_pq_.one": "1"}),
])
def test_what_is_newer_is_negotiated(cluster, pgring, version, options):
    greetings = []
    for port in (cluster.port, pgring.port):
        with Wire(port) as client:
            greetings.append(client.login(version=version, **options))
            assert client.ask("select 3") == [["3"]]
    names = b"".join(name.encode() + b"\0" for name in options)
    expected = (b"v", struct.pack("!ii", 3 << 16, len(options)) + names)
    assert greetings[0][0] == expected, "PostgreSQL itself"
    assert greetings[1][0] == expected
    assert b"v" not in kinds(greetings[1][1:])


@pytest.mark.parametrize("version", [2 << 16, 1 << 16, 4 << 16, (4 << 16) + 1, 0, -1])
def test_another_major_version_is_refused(pgring, version):
    """An ErrorResponse; before version 3 it was a text without fields, which is as good there."""
    with Wire(pgring.port) as client:
        client.send(startup(WHO, version))
        answer = b"".join(iter(lambda: client.socket.recv(4096), b""))
    major, minor = (version >> 16) & 0xffff, version & 0xffff
    assert answer[:1] == b"E" and b"FATAL" in answer
    assert b"unsupported frontend protocol %d.%d" % (major, minor) in answer
    assert major < 3 or b"C0A000" in answer


# The startup packet.

def test_the_greeting_is_that_of_postgresql(cluster, pgring):
    """The same parameters with the same values, a key, ReadyForQuery."""
    greetings = []
    for port in (cluster.port, pgring.port):
        with Wire(port) as client:
            messages = client.login("alice", "test", application_name="me", TimeZone="Asia/Tokyo")
            assert kinds(messages)[:1] == b"R" and kinds(messages)[-2:] in (b"KZ", b"SZ")
            assert messages[-1] == (b"Z", b"I")
            greetings.append(sorted(payload for kind, payload in messages if kind == b"S"))
    assert greetings[1] == greetings[0]


def test_a_user_is_needed(cluster, pgring):
    same(cluster, pgring, startup({"database": "test"}))
    same(cluster, pgring, startup({}))
    fields = only_the_fatal(everything(pgring.port, startup({"user": "", "database": "test"})))
    assert fields["C"] == "28000"


def test_the_database_defaults_to_the_user(cluster, pgring):
    with Wire(pgring.port) as client:
        client.send(startup({"user": "postgres"}))
        assert kinds(client.read_until(b"ZE"))[-1:] == b"Z"
        assert client.ask("select current_database()") == [["postgres"]]


@pytest.mark.parametrize("packet", [
    struct.pack("!ii", 8, 3 << 16),
    struct.pack("!ii", 12, 3 << 16) + b"user",
    struct.pack("!ii", 13, 3 << 16) + b"user\0",
    struct.pack("!ii", 18, 3 << 16) + b"user\0alice",
    struct.pack("!ii", 21, 3 << 16) + b"user\0alice\0\0\0",
    struct.pack("!ii", 24, 3 << 16) + b"user\0alice\0\0junk",
], ids=["nothing", "cut name", "no value", "cut value", "two ends", "behind the end"])
def test_a_malformed_packet_is_refused(cluster, pgring, packet):
    answers = same(cluster, pgring, packet)
    assert [fields["C"] for _, fields in answers] == ["08P01"]


@pytest.mark.parametrize("length", [-2147483648, -1, 0, 3, 4, 7, 10001, 1 << 20, 2147483647])
def test_an_absurd_length_closes(pgring, length):
    """PostgreSQL closes without a word; a FATAL that says why is as good."""
    messages = everything(pgring.port, struct.pack("!ii", length, 3 << 16) + b"x" * 64, end=True)
    assert kinds(messages) in (b"", b"E")


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 64, b"\xff" * 64,
                                   b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01"])
def test_noise_closes(pgring, noise):
    assert kinds(everything(pgring.port, noise, end=True)) in (b"", b"E")


@pytest.mark.parametrize("size", [0, 1, 4, 7, 8, 9, 20])
def test_leaving_inside_the_startup_packet(pgring, size):
    assert everything(pgring.port, startup(WHO)[:size], end=True) == []


def test_an_unknown_parameter_is_named(pgring):
    fields = only_the_fatal(everything(pgring.port, startup({**WHO, "no_such_setting": "1"})))
    assert "no_such_setting" in fields["M"]


def test_an_unknown_database_is_named(pgring):
    fields = only_the_fatal(everything(pgring.port, startup({**WHO, "database": "no_such_db"}),
                                       query("select 1")))
    assert fields["C"] == "3D000" and "no_such_db" in fields["M"]


# Cancelling.

@pytest.mark.parametrize("packet", [
    request(CANCEL_REQUEST, struct.pack("!ii", 12345, 67890)),
    request(CANCEL_REQUEST, struct.pack("!ii", 0, 0)),
    request(CANCEL_REQUEST, struct.pack("!ii", -1, -1)),
    request(CANCEL_REQUEST, b""),
    request(CANCEL_REQUEST, b"\0" * 300),
], ids=["unknown", "zero", "minus one", "no key", "long key"])
def test_a_wrong_cancel_key_closes_silently(pgring, packet):
    assert everything(pgring.port, packet) == []


def test_a_wrong_secret_cancels_nothing(pgring):
    with Wire(pgring.port) as client:
        pid, secret = struct.unpack("!ii", dict(client.login())[b"K"])
        client.send(query("select pg_sleep(0.3), 'slept'"))
        for other in (secret ^ 1, 0, ~secret):
            packet = request(CANCEL_REQUEST, struct.pack("!ii", pid, other))
            assert everything(pgring.port, packet) == []
        assert kinds(client.read_until(b"Z")) == b"TDCZ"
