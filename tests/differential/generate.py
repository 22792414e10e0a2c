"""Writes random legal scripts: what a driver, or a strange driver, may send in a pool mode.

Legal means: its answers do not depend on the pool mode by the modes' definition. Session state
outside a transaction is left alone in transaction and statement mode but for tracked parameters,
and statement mode has no transaction blocks.
"""

import random

import copy_rows
import hazards
import statements as sql
import wire
from script import CANCEL, TERMINATE, VANISH, Script, Step
from writer import NAMES, Writer

# What a client may do; each adds one or more steps.


def simple(writer):
    writer.send(wire.query(writer.simple_text()))


def several_in_one(writer):
    texts = [writer.simple_text() for _ in range(writer.rng.randint(2, 5))]
    writer.send(wire.query(writer.rng.choice([";", "; ", ";\n-- and\n"]).join(texts)))


def batch(writer):
    messages = writer.unit()
    if writer.rng.random() < 0.05:  # the server ignores them where there is no COPY
        stray = writer.rng.choice([wire.copy_data(b"1\n"), wire.COPY_DONE, wire.copy_fail("stray")])
        messages.insert(writer.rng.randint(0, len(messages)), stray)
    writer.send(*messages)


def pipeline(writer):
    """Units one behind another without a wait, simple queries among them."""
    for _ in range(writer.rng.randint(2, 12)):
        if writer.rng.random() < 0.25:
            writer.send(wire.query(writer.simple_text()), wait=False)
        else:
            writer.send(*writer.unit(), wait=False)
    writer.sync()


def staged(writer):
    """One unit in stages, each waited for behind a Flush."""
    for _ in range(writer.rng.randint(1, 3)):
        messages = writer.execution()
        cut = writer.rng.randint(1, len(messages))
        writer.send(*messages[:cut], wire.FLUSH)
        if messages[cut:]:
            writer.send(*messages[cut:], wire.FLUSH, wait=writer.rng.random() < 0.7)
    writer.sync()


def portal_across_syncs(writer):
    """A portal that outlives its Sync where a transaction holds it."""
    name, portal = writer.rng.choice(NAMES), writer.rng.choice(["p1", "p2"])
    rows = (f"select i, who from {writer.name}.rows($1, $2)",
            [sql.integer(5, 30), sql.integer(1, 20)])
    writer.sync(wire.close("S", name), writer.parse(name, rows), wire.close("P", portal),
                writer.bind(portal, name), wire.execute(portal, 3))
    for _ in range(writer.rng.randint(1, 3)):
        writer.sync(wire.execute(portal, writer.rng.choice([2, 4, 0])))


def block(writer):
    """Begins or ends a transaction block, by simple query or by the extended protocol."""
    if writer.in_block:
        text = writer.rng.choice(["commit", "commit", "rollback", "end", "abort",
                                "commit and chain; rollback"])
    else:
        text = writer.rng.choice(["begin", "begin", "start transaction read only",
                                "begin isolation level repeatable read"])
    writer.in_block = not writer.in_block
    if writer.rng.random() < 0.6 or ";" in text:
        writer.send(wire.query(text))
    else:
        writer.sync(wire.parse("", text), wire.bind("", ""), wire.execute(""))
        writer.known.pop("", None)


def tracked(writer):
    text, makers = sql.pick(writer.rng, sql.TRACKED)
    if makers is None and writer.mode == "statement":
        return
    writer.send(wire.query(text.format(s=writer.name)))


def copy_out(writer):
    text = writer.rng.choice(sql.COPY_OUT).format(s=writer.name)
    if writer.rng.random() < 0.5:
        writer.send(wire.query(writer.rng.choice([text, f"select 1; {text}; select 2"])))
    else:
        writer.sync(wire.parse("", text), wire.bind("", ""), wire.describe("P", ""),
                  wire.execute(""), wait=writer.rng.random() < 0.7)


def copy_in(writer):
    """COPY FROM STDIN in either protocol, its data good or bad, waited for or pipelined; more of the
    unit behind it, or another one."""
    rng = writer.rng
    text = rng.choice(sql.COPY_IN).format(s=writer.name)
    extended, wait = rng.random() < 0.5, rng.random() < 0.5
    if extended:
        close = rng.choice([[wire.SYNC], [wire.SYNC], [wire.FLUSH], []])
        writer.send(wire.parse("", text), wire.bind("", ""), wire.execute(""), *close,
                  wait=wait and bool(close))
    else:
        if rng.random() < 0.2:
            text = f"select 1; {text}; select '{writer.name} after'"
        writer.send(wire.query(text), wait=wait)
    data = copy_rows.messages(rng, text)
    if rng.random() < 0.15:
        data.insert(rng.randint(0, len(data)), rng.choice([wire.SYNC, wire.FLUSH]))
    end = rng.choice([wire.COPY_DONE] * 4 + [wire.copy_fail(f"{writer.name} gives up")])
    if rng.random() < 0.3:
        writer.send(*data, wait=False)
        data = []
    forget = wire.close("S", "")  # or a Bind of it begins a COPY that nobody feeds
    writer.known.pop("", None)
    behind = [forget, *writer.unit()] if rng.random() < 0.4 else [wire.SYNC] if extended else []
    writer.send(*data, end, *behind)
    if extended:
        writer.sync(forget)
    writer.known.pop("", None)


def function(writer):
    oid, arguments, formats, result = writer.rng.choice(sql.FUNCTIONS)
    writer.send(wire.function_call(oid, arguments, formats, result))


def sync_only(writer):
    writer.send(*[wire.SYNC] * writer.rng.randint(1, 4), wait=writer.rng.random() < 0.8)


def hazard(writer):
    writer.rng.choice(hazards.ALL)(writer)


def cancelled(writer):
    writer.sync()
    writer.steps.append(Step(CANCEL, (wire.query("select pg_sleep(30)"),)))


def cancelled_too_late(writer):
    """Cancel requests with nothing running: they must not hit a neighbour either."""
    writer.sync()
    writer.steps += [Step(CANCEL)] * writer.rng.randint(1, 3)


def burst(writer):
    """Short reads one behind another: what a pooler may put into one pipeline with others."""
    for _ in range(writer.rng.randint(3, 25)):
        text, makers = sql.pick(writer.rng, sql.SHORT_READS)
        text = text.format(s=writer.name)
        if writer.rng.random() < 0.4:
            writer.send(wire.query(sql.inlined(writer.rng, text, makers)), wait=False)
        else:
            writer.sync(writer.parse("", (text, makers)), writer.bind("", ""),
                        wire.describe("P", ""), wire.execute(""), wait=writer.rng.random() < 0.3)
    writer.sync()


def leave(writer):
    """Goes without a word, in the middle of something that changes nothing; then comes back."""
    writer.sync()
    choice = writer.rng.random()
    big = f"select i, who from {writer.name}.rows(3000, 200)"
    messages = writer.rng.choice([
        (wire.query(big),),
        (wire.query(f"copy ({big}) to stdout"),),
        (wire.parse("", big), wire.bind("", ""), wire.execute(""), wire.SYNC),
        (wire.parse("", big), wire.bind("", ""), wire.execute("", 100), wire.FLUSH),
        (wire.parse("s1", "select 1"),),
        (wire.query(f"copy {writer.name}.k from stdin"), wire.copy_data(b"7\t8\t9\n")),
        (wire.query("select 1"), wire.query("select 2"), wire.query(big)),
    ])
    if choice < 0.3:
        writer.steps.append(Step(TERMINATE, messages))
    else:
        cut_off = writer.rng.choice([0, 0, 1, 3, 7])
        read_bytes = writer.rng.choice([0, 1, 100, 20000])
        if cut_off and messages[-1] in (wire.FLUSH, wire.SYNC):
            read_bytes = 0  # nobody has asked for an answer
        writer.steps.append(Step(VANISH, messages, cut_off=cut_off, read_bytes=read_bytes))
    writer.connect()


def leave_unfinished(writer):
    """Terminate behind a unit without its Sync, or in the middle of a COPY; then comes back."""
    rng = writer.rng
    writer.sync()
    if rng.random() < 0.6:
        messages = writer.unit()[:-1]
        messages = messages[:rng.randint(1, len(messages))]
        extra = [wire.FLUSH, wire.parse("", "selec"), wire.bind("", "nobody")]
    else:
        text = rng.choice(sql.COPY_IN).format(s=writer.name)
        messages = copy_rows.messages(rng, text)
        messages += rng.choice([[], [], [wire.COPY_DONE], [wire.copy_fail(f"{writer.name} leaves")]])
        extra = [wire.FLUSH, wire.SYNC]
    if rng.random() < 0.4:
        messages.insert(rng.randint(0, len(messages)), rng.choice(extra))
    if wire.SYNC in extra and rng.random() < 0.3:
        messages.insert(0, wire.query(text))
    elif wire.SYNC in extra:
        close = rng.choice([[wire.SYNC], [wire.FLUSH], []])
        messages[:0] = [wire.parse("", text), wire.bind("", ""), wire.execute(""), *close]
    if rng.random() < 0.2:
        messages[:0] = writer.unit()
    writer.steps.append(Step(TERMINATE, tuple(messages)))
    writer.connect()


def come_again(writer):
    writer.sync()
    writer.steps.append(Step(TERMINATE))
    writer.connect()


def finish(writer):
    writer.sync()
    writer.steps.append(Step(TERMINATE))


ACTIONS = [
    (8, simple), (3, several_in_one), (12, batch), (6, pipeline), (4, staged), (5, burst),
    (2, portal_across_syncs), (6, block), (4, tracked), (3, copy_out), (5, copy_in), (2, function),
    (2, sync_only), (12, hazard), (1, cancelled), (1, cancelled_too_late), (2, leave),
    (2, leave_unfinished), (1, come_again),
]


def scripts(seed, mode, names, length, user, database):
    """One script per client. The same arguments give the same scripts."""
    made = []
    for name in names:
        rng = random.Random(f"{seed}/{name}")
        writer = Writer(rng, name, mode, user, database)
        for _ in range(rng.randint(1, length)):
            action = rng.choices([a for _, a in ACTIONS], [weight for weight, _ in ACTIONS])[0]
            if action is not block or mode != "statement":
                action(writer)
        finish(writer)
        pieces = rng.choices(["whole", "random", "bytes"], [5, 4, 2])[0]
        receive, rest = rng.choices([(65536, 0), (4096, 0), (700, 0), (20000, 0.003)],
                                    [5, 2, 2, 2])[0]
        made.append(Script(name, tuple(writer.steps), pieces, receive, rest,
                           f"{seed}/{name}/pieces"))
    return made
