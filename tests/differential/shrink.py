"""Makes a failing set of scripts as small as possible: drops what the difference does not need."""

import time
from dataclasses import replace

from script import CONNECT, TERMINATE, VANISH


def _groups(scripts):
    """What can be dropped on its own: (client, steps). Going and coming back are dropped together;
    the first connect and the last goodbye stay."""
    groups = []
    for client, script in enumerate(scripts):
        last = len(script.steps) - 1
        for number, step in enumerate(script.steps):
            if step.kind == CONNECT or number == last:
                continue
            steps = [number]
            if step.kind in (VANISH, TERMINATE):
                steps.append(number + 1)
            groups.append((client, steps))
    return groups


def _without(scripts, groups):
    gone = {(client, number) for client, steps in groups for number in steps}
    return [script.with_steps(step for number, step in enumerate(script.steps)
                              if (client, number) not in gone)
            for client, script in enumerate(scripts)]


def _drop_clients(scripts, still_differs):
    for script in list(scripts):
        fewer = [other for other in scripts if other.name != script.name]
        if fewer and still_differs(fewer):
            scripts = fewer
    return scripts


def _drop_steps(scripts, still_differs):
    size = max(1, len(_groups(scripts)) // 2)
    while True:
        at, dropped = 0, False
        while at < len(_groups(scripts)):
            fewer = _without(scripts, _groups(scripts)[at:at + size])
            if still_differs(fewer):
                scripts, dropped = fewer, True
            else:
                at += size
        if size == 1 and not dropped:
            return scripts
        size = max(1, size // 2)


def _drop_messages(scripts, still_differs):
    for client, number in [(client, number) for client, script in enumerate(scripts)
                           for number in range(len(script.steps))]:
        at = 0
        while at < len(scripts[client].steps[number].messages):
            steps = list(scripts[client].steps)
            messages = steps[number].messages
            if messages[at].kind in "SH":
                at += 1  # without these, what comes when is up to the server
                continue
            steps[number] = replace(steps[number], messages=messages[:at] + messages[at + 1:])
            fewer = scripts[:client] + [scripts[client].with_steps(steps)] + scripts[client + 1:]
            if still_differs(fewer):
                scripts = fewer
            else:
                at += 1
    return scripts


def _simplify(scripts, still_differs):
    """Whole pieces, plain reading, no parameters at start, where that changes nothing."""
    for client, script in enumerate(scripts):
        plain = replace(script, pieces="whole", receive=65536, rest=0)
        bare = plain.with_steps(
            replace(step, parameters={name: step.parameters[name] for name in ("user", "database")})
            if step.kind == CONNECT else step for step in plain.steps)
        for simpler in (bare, plain):
            changed = scripts[:client] + [simpler] + scripts[client + 1:]
            if simpler != script and still_differs(changed):
                scripts = changed
                break
    return scripts


def shrink(scripts, differs, seconds):
    """The smallest scripts found within the time for which differs(scripts) still holds."""
    deadline = time.monotonic() + seconds

    def still_differs(candidate):
        return time.monotonic() < deadline and differs(candidate)

    for reduce in (_drop_clients, _drop_steps, _drop_messages, _drop_steps, _simplify):
        scripts = reduce(list(scripts), still_differs)
    return scripts
