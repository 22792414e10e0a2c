"""Bytes sent by hand, and what comes back."""

import socket

from support.wire import Wire, error_fields, kinds, only_error

WHO = {"user": "alice", "database": "test"}


def everything(port, *parts, end=False):
    """All messages that come for these bytes until the server closes. With end, the client closes
    its side after sending, so that a server waiting for more gives up."""
    with Wire(port) as client:
        client.send(*parts)
        if end:
            client.socket.shutdown(socket.SHUT_WR)
        return client.read_until(b"")


def only_the_fatal(messages):
    fields = only_error(messages)
    assert fields["S"] == fields["V"] == "FATAL", fields
    assert kinds(messages)[-1:] == b"E", "nothing comes after a FATAL"
    return fields


def same(cluster, pgring, *parts):
    """Both servers' answers to these bytes, their error fields but for the source position."""
    answers = []
    for port in (cluster.port, pgring.port):
        answers.append([(kind, {key: value for key, value in error_fields(payload).items()
                                if key not in "FLR"} if kind in b"EN" else payload)
                        for kind, payload in everything(port, *parts)
                        if kind not in (b"S", b"K")])
    assert answers[1] == answers[0]
    return answers[1]
