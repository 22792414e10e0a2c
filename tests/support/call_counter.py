"""What the processes of a daemon have called, as call_counter.cc counts it."""

import collections
import os
import struct

import pytest

from support.process import BUILD, give_to_user

LIBRARY = os.path.join(BUILD, "call_counter.so")
ENTRIES = 256

Calls = collections.namedtuple("Calls", "allocations sends writes moved most_receives most_received")
ENTRY = struct.Struct("=qqqqqqq")

needs_counter = pytest.mark.skipif(not os.path.exists(LIBRARY) or os.path.basename(BUILD) in ("asan", "tsan"),
                                   reason="the C library of Linux is counted, and sanitizers bring their own")


class CallCounter:
    def __init__(self, directory):
        self.path = str(directory / "calls")
        with open(self.path, "wb") as file:
            file.write(bytes(ENTRY.size * ENTRIES))
        for reachable in (directory, directory.parent, directory.parent.parent):
            os.chmod(reachable, 0o755)
        give_to_user(self.path)

    def start(self, make_pgring, monkeypatch, **configuration):
        """A daemon that is counted."""
        with monkeypatch.context() as preload:
            preload.setenv("CALL_COUNTER", self.path)
            preload.setenv("LD_PRELOAD", LIBRARY)
            return make_pgring(**configuration)

    def of(self, pids):
        """The Calls of these processes so far."""
        with open(self.path, "rb") as file:
            found = {pid: calls for pid, *calls in ENTRY.iter_unpack(file.read())}
        assert all(pid in found for pid in pids), (pids, found)
        return Calls(*map(sum, zip(*(found[pid] for pid in pids))))
