"""Knows what PostgreSQL still owes a client: when a wait is over, and what an error skips.

The rules are those of the manual's "Message Flow": an error in the extended protocol skips to the
next Sync; Flush and Sync inside a COPY FROM STDIN are ignored; CopyData, CopyDone and CopyFail
outside of one are ignored too.
"""

ANSWERS = {
    "P": "1", "B": "2", "C": "3", "D": "Tn", "E": "CsI", "S": "Z", "Q": "Z", "F": "Z",
}
COPY_MESSAGES = "dcf"


class Tracker:
    """Follows one connection; only messages of a legal conversation, as the generator writes it."""

    def __init__(self):
        self._owed = []  # sent messages whose answer has not come, oldest first
        self._skipping = False  # an error came and no Sync has been sent since
        self._copying = False  # the server waits for CopyData
        self.ready_status = None  # of the last ReadyForQuery: I, T or E

    def sent(self, message):
        if self._skipping:
            if message.kind != "S":
                return
            self._skipping = False
        self._owed.append(message)
        self._settle()

    def received(self, kind, body):
        head = self._owed[0].kind if self._owed else ""
        if kind == "G":
            self._copying = True
        elif kind == "E":
            self._failed(head)
        elif kind == "Z":
            self.ready_status = chr(body[0])
            self._owed = self._owed[1:]
        elif self._copying and kind == "C":
            self._end_copy(head, lambda message: message.kind == "c")
        elif kind in ANSWERS.get(head, "") and head not in "SQF":
            self._owed = self._owed[1:]
        self._settle()

    def satisfied(self):
        """Nothing more can come before the client sends something."""
        if self._copying:
            return not any(self._ends_copy(message) for message in self._owed)
        return not any(message.kind in "HSQF" for message in self._owed)

    @staticmethod
    def _ends_copy(message):
        return message.breaks_copy or message.kind == "c"

    def _failed(self, head):
        if self._copying:
            self._end_copy(head, self._ends_copy)
            if head == "Q":
                return
        elif head in ("Q", "F", "S"):
            return
        while self._owed and self._owed[0].kind != "S":
            self._owed = self._owed[1:]
        self._skipping = not self._owed

    def _end_copy(self, head, is_end):
        """Drops what COPY consumed: all behind its command up to the message that ended it."""
        self._copying = False
        end = next((at for at, message in enumerate(self._owed) if is_end(message)), 0)
        command = self._owed[:1] if head == "Q" else []
        self._owed = command + self._owed[end + 1:]

    def _settle(self):
        """Drops what the server ignores where it stands."""
        if self._copying:
            kept, ended = self._owed[:1], False
            for message in self._owed[1:]:
                if ended or message.kind not in "SH":
                    kept.append(message)
                ended = ended or self._ends_copy(message)
            self._owed = kept
        else:
            while self._owed and self._owed[0].kind in "H" + COPY_MESSAGES:
                self._owed = self._owed[1:]
