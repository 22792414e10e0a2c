"""Writes one client's script: the messages of statements, batches and connections."""

import random

import statements as sql
import wire
from script import CONNECT, SEND, Step

NAMES = ["s1", "s2", "s3", "Some name"]
PORTALS = ["", "", "p1", "p2"]


class Writer:
    """Builds one client's script step by step. It keeps a rough idea of what exists by now, so that
    most steps succeed; where it errs, both sides must fail alike."""

    def __init__(self, rng, name, mode, user, database):
        self.rng, self.name, self.mode = rng, name, mode
        self._account = {"user": user, "database": database}
        self.steps = []
        self.known = {}  # statement name -> (SQL, parameter makers)
        self.in_block = False
        self.connect()

    # Building blocks, used by the hazards too.

    def send(self, *messages, wait=True):
        self.steps.append(Step(SEND, tuple(messages), wait))

    def sync(self, *messages, wait=True):
        self.send(*messages, wire.SYNC, wait=wait)

    def statement(self, prepared=False):
        """A random (SQL, parameter makers) for this client."""
        roll = self.rng.random()
        catalogue = sql.ANYWHERE
        if self.in_block and roll < 0.3:
            catalogue = sql.IN_TRANSACTION
        elif self.mode == "session" and roll < 0.5:
            catalogue = sql.SESSION_ONLY
        elif roll > 0.93:
            catalogue = sql.TRACKED
        while True:
            text, makers = sql.pick(self.rng, catalogue)
            if prepared and text in sql.NEVER_PREPARED:
                continue
            if makers is not None or self.mode != "statement":
                return text.format(s=self.name), makers or []

    def simple_text(self):
        text, makers = self.statement()
        return sql.inlined(self.rng, text, makers)

    def parse(self, name, statement=None):
        text, makers = statement or self.statement(prepared=True)
        self.known[name] = (text, makers)
        return wire.parse(name, text, self._oids(makers))

    def _oids(self, makers):
        """Parameter types: none, all, or some left to the server."""
        kinds = [make(random.Random(0)).oid for make in makers]
        choice = self.rng.random()
        if choice < 0.4:
            return []
        if choice < 0.8:
            return kinds
        return [kind if self.rng.random() < 0.5 else 0 for kind in kinds]

    def bind(self, portal, name):
        _, makers = self.known.get(name, ("", []))
        values = [make(self.rng) for make in makers]
        formats = self._formats(len(values))
        binary = (formats * len(values))[:len(values)] if len(formats) == 1 else formats
        raw = [value.binary if binary and binary[at] else value.text
               for at, value in enumerate(values)]
        raw = [None if self.rng.random() < 0.04 else value for value in raw]
        results = self.rng.choice([[], [], [0], [1], [1], [0, 1], [1, 0, 0, 1]])
        return wire.bind(portal, name, raw, formats, results)

    def _formats(self, count):
        choice = self.rng.random()
        if choice < 0.4 or count == 0:
            return []
        if choice < 0.7:
            return [self.rng.choice([0, 1])]
        return [self.rng.choice([0, 1]) for _ in range(count)]

    def a_name(self):
        """Of a statement: mostly one that exists."""
        if self.known and self.rng.random() < 0.8:
            return self.rng.choice(sorted(self.known))
        return self.rng.choice(NAMES + [""])

    def execution(self):
        """Messages that run one statement: sometimes parsed here, sometimes from before."""
        rng, messages = self.rng, []
        if rng.random() < 0.45 and self.known:
            name = self.a_name()
        else:
            name = rng.choice(["", "", *NAMES])
            if name in self.known and name and rng.random() < 0.9:
                messages.append(wire.close("S", name))
            messages.append(self.parse(name))
        # In an aborted transaction PostgreSQL still describes a statement that returns no rows, a
        # pooled connection only where it happens to have the statement.
        if rng.random() < 0.2 and (messages or self.mode != "transaction"):
            messages.append(wire.describe("S", name))
        portal = rng.choice(PORTALS)
        messages.append(self.bind(portal, name))
        if rng.random() < 0.5:
            messages.append(wire.describe("P", portal))
        messages += self._executes(portal, self.known.get(name, ("", []))[0])
        if portal and rng.random() < 0.7:
            messages.append(wire.close("P", portal))
        return messages

    def _executes(self, portal, text):
        # What a statement has written before it stopped at a row limit is seen by the next one if a
        # Parse is between them, and a pooler may put one there.
        shows_early = self.mode != "session" and text.startswith(("insert", "update"))
        if self.rng.random() < 0.75 or shows_early:
            return [wire.execute(portal)]
        rows = self.rng.choice([1, 2, 5, 100])
        return [wire.execute(portal, rows) for _ in range(self.rng.randint(1, 3))]

    def unit(self):
        """One batch up to Sync."""
        messages = []
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            messages += self.execution()
        if self.rng.random() < 0.1:
            messages.insert(self.rng.randint(0, len(messages)), wire.FLUSH)
        return messages + [wire.SYNC]

    def connect(self):
        """Asks for parameters in various spellings: the greeting reports PostgreSQL's own."""
        rng, more = self.rng, {}
        if rng.random() < 0.5:
            more["application_name"] = rng.choice([f"{self.name} start", "shared start", ""])
        if rng.random() < 0.4:
            more["client_encoding"] = rng.choice(["UTF8", "LATIN1", "utf-8", "SQL_ASCII"])
        if rng.random() < 0.3:
            more["DateStyle"] = rng.choice(["German", "SQL, DMY", "ISO"])
        if rng.random() < 0.3:
            more["TimeZone"] = rng.choice(["Europe/Paris", "UTC", "Asia/Tokyo"])
        self.steps.append(Step(CONNECT, parameters={**self._account, **more}))
        self.known, self.in_block = {}, False
