"""Compares what a client received on the two sides, and shows where they part."""

import re
import struct

import wire

FIRST_USER_OID = 16384
QUALIFIED_FUNCTION = re.compile(rb"PL/pgSQL function c\d+\.")


class Normaliser:
    """Takes out of a connection's messages what two servers cannot have in common.

    Process ids and cancel keys are blanked. Oids of tables made during the run are numbered in the
    order in which they appear. The parameters reported at start come in any order. In an aborted
    transaction a Parse put in front of a statement that a connection lacks is refused in its place,
    even where PostgreSQL would complain of something else first. A function that a session has
    compiled is named as its search path was then.
    """

    def __init__(self):
        self._oids = {}
        self._aborted = False

    def connection(self, connection):
        messages = [self._message(kind, body) for kind, body in connection.messages]
        ready = next((at for at, item in enumerate(messages) if item[0] == "Z"), 0)
        start = sorted(messages[:ready]) if not any(m[0] in "EN" for m in messages[:ready]) else \
            messages[:ready]
        return start + messages[ready:]

    def _message(self, kind, body):
        if kind == "K":
            return kind, b"(key)"
        if kind == "A":
            return kind, body[4:]
        if kind == "Z":
            self._aborted = body == b"E"
        if kind == "E" and self._aborted and (b"\0C25P02\0" in body or b"\0C08P01\0" in body):
            return kind, b"(refused in an aborted transaction)"
        if kind in ("E", "N"):
            return kind, QUALIFIED_FUNCTION.sub(b"PL/pgSQL function ", body)
        if kind == "T":
            return kind, self._row_description(body)
        return kind, body

    def _row_description(self, body):
        renamed = bytearray(body[:2])
        for name, table, *rest in wire.row_description(body):
            if table >= FIRST_USER_OID:
                table = self._oids.setdefault(table, FIRST_USER_OID + len(self._oids))
            renamed += wire.cstring(name) + struct.pack("!IhIhih", table, *rest)
        return bytes(renamed)


def transcript(player):
    """[(messages, how many of them must be equal, or None for all)] per connection."""
    normaliser = Normaliser()
    return [(normaliser.connection(connection), connection.certain)
            for connection in player.connections]


def common_part(left, right, certain):
    """Of a client that left early: what both sides delivered, and at least `certain` messages."""
    left, right = ([item for item in side if len(item[0]) == 1] for side in (left, right))
    length = max(certain, min(len(left), len(right)))
    return left[:length], right[:length]


def first_difference(reference, other):
    """(connection, message) where two transcripts part, or None."""
    for number, ((left, certain), (right, also)) in enumerate(zip(reference, other)):
        if certain is not None and also is not None:
            left, right = common_part(left, right, max(certain, also))
        if left != right:
            at = next((at for at, pair in enumerate(zip(left, right)) if pair[0] != pair[1]),
                      min(len(left), len(right)))
            return number, at
    if len(reference) != len(other):
        return min(len(reference), len(other)), 0
    return None


def signature(reference, other):
    """What kind of message met what other kind where the two part, or None."""
    place = first_difference(reference, other)
    if place is None:
        return None
    number, at = place
    return tuple(side[number][0][at][0] if number < len(side) and at < len(side[number][0]) else ""
                 for side in (reference, other))


def side_by_side(reference, other, names, width=78, before=6, after=6):
    """Both message lists around the first difference, line by line."""
    place = first_difference(reference, other)
    if place is None:
        return []
    number, at = place
    left = reference[number][0] if number < len(reference) else []
    right = other[number][0] if number < len(other) else []
    lines = [f"connection {number + 1}, message {at + 1}:", f"{names[0]:{width}} | {names[1]}"]
    for row in range(max(0, at - before), min(max(len(left), len(right)), at + after + 1)):
        shown = [wire.show(side[row]) if row < len(side) else "" for side in (left, right)]
        same = row < len(left) and row < len(right) and left[row] == right[row]
        lines.append(f"{shown[0]:{width}} {'|' if same else '#'} {shown[1]}")
    return lines
