"""A client's script: what it sends step by step, and how it cuts its bytes into pieces."""

from dataclasses import dataclass, field, replace

CONNECT, SEND, VANISH, TERMINATE, CANCEL = "connect", "send", "vanish", "terminate", "cancel"


@dataclass(frozen=True)
class Step:
    """One step of a script.

    connect:   opens a connection with `parameters`.
    send:      sends `messages`; with `wait` the next step begins only when the server has answered
               everything it can answer.
    vanish:    sends `messages` but for the last `cut_off` bytes, reads `read_bytes`, then closes.
    terminate: sends `messages` and Terminate, then reads to the end.
    cancel:    sends `messages`, and cancel requests until everything is answered; without
               messages, one cancel request, which must find nothing to cancel.
    """

    kind: str
    messages: tuple = ()
    wait: bool = True
    parameters: dict = field(default_factory=dict)
    read_bytes: int = 0
    cut_off: int = 0

    def lines(self):
        head = self.kind if self.kind != SEND else ("send, wait" if self.wait else "send")
        if self.kind == CONNECT:
            head += f" {self.parameters}"
        if self.kind == VANISH:
            head += f" after {self.read_bytes} bytes, last message short of {self.cut_off}"
        return [f"{head}:"] + [f"    {message}" for message in self.messages]


@dataclass(frozen=True)
class Script:
    """name is the client's schema; pieces is 'whole', 'random' or 'bytes'; receive is how much it
    reads at a time and rest how many seconds it waits before it reads again; seed decides where
    random pieces are cut."""

    name: str
    steps: tuple
    pieces: str = "whole"
    receive: int = 65536
    rest: float = 0
    seed: str = ""

    def with_steps(self, steps):
        return replace(self, steps=tuple(steps))

    def lines(self):
        lines = [f"client {self.name}: sends {self.pieces}, receives {self.receive} at a time, "
                 f"rests {self.rest} s"]
        for number, step in enumerate(self.steps):
            shown = step.lines()
            lines.append(f"  {number:2} {shown[0]}")
            lines += [f"   {line}" for line in shown[1:]]
        return lines
