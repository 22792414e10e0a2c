#!/usr/bin/python3
"""Plays random legal protocol sequences directly and through pgring and compares every byte.

  tests/differential/run.py --seed 7 --rounds 200 --mode transaction

Most of the time is played at pipeline_depth 256, the rest at 1 and 64; PIPELINE_DEPTH or --depth names
one instead. A difference prints the seed, a shrunk script of each client involved and both sides'
messages; the same seed with --round plays that round alone.
"""

import argparse
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import compare
import generate
import servers
from player import play
from shrink import shrink

MODES = ["session", "transaction", "statement"]
DEPTHS = {256: 0.7, 1: 0.15, 64: 0.15}  # share of the time; the default has most


class ReferenceCrashed(Exception):
    """PostgreSQL itself did not survive the scripts, without a pooler."""


class Contest:
    """PostgreSQL against the pooler, both with the same database before each play."""

    def __init__(self, host, via, restart=None):
        """restart() replaces the pooler by a new one that remembers nothing."""
        self._host, self._names, self._restart = host, ("direct", via), restart
        self.signatures = set()
        self.anew = False  # each play of differs() gets a new pooler
        self.exchanges = 0

    def play(self, scripts, patience=20):
        """(transcripts direct, transcripts pooled, complaints)"""
        names = [script.name for script in scripts]
        stuck = self._host.reset(names)
        direct = play(scripts, self._host.port, patience=patience)
        if self._host.has_crashed():
            raise ReferenceCrashed(self._host.come_back())
        complaints = [f"{player.connections[-1].messages[-1]} on the direct side"
                      for player in direct if player.timed_out]
        if not complaints:
            self._host.leftovers()
            complaints = self._host.reset(names)
            pooled = play(scripts, self._host.via_port, [player.marks for player in direct],
                          patience)
            complaints += [f"left behind: {line}" for line in self._host.leftovers()]
            self.exchanges += sum(len(script.steps) for script in scripts)
        else:
            pooled = direct
        return ([compare.transcript(player) for player in direct],
                [compare.transcript(player) for player in pooled], complaints + stuck)

    def verdict(self, scripts, patience=20):
        """Lines that tell each difference; none when there is none. Fills `signatures`."""
        direct, pooled, lines = self.play(scripts, patience)
        self.signatures = {line[:12] for line in lines}
        for script, left, right in zip(scripts, direct, pooled):
            shown = compare.side_by_side(left, right, self._names)
            if shown:
                lines += ["", f"client {script.name}:"] + shown
                self.signatures.add(compare.signature(left, right))
        return lines

    def differs(self, scripts, wanted=None):
        """For shrinking: a difference that is not the reference's own, and of the kind wanted."""
        if self.anew:
            self._restart()
        lines = self.verdict(scripts, patience=6)
        if not lines or "on the direct side" in lines[0]:
            return False
        return not wanted or bool(wanted & self.signatures)


def report(contest, scripts, options, where):
    wanted = contest.signatures
    contest.anew = True
    again = sum(contest.differs(scripts) for _ in range(3))
    print(f"\nplayed again with a new pooler: differs {again} of 3 times")
    if not again:
        contest.anew = False
        again = sum(contest.differs(scripts) for _ in range(3))
        print(f"played again with a pooler that has a past: differs {again} of 3 times")
    if again and options.shrink:
        scripts = shrink(scripts, lambda fewer: contest.differs(fewer, wanted), options.shrink)
        for _ in range(5):
            lines = contest.verdict(scripts, patience=6)
            if lines:
                break
        print(f"\nshrunk script ({where}):\n" + "\n".join(lines))
    elif not again:
        print("not seen again; the whole script:")
    for script in scripts:
        print("\n" + "\n".join(script.lines()))
    sys.stdout.flush()


def play_mode(host, mode, options, seconds, depth):
    """Plays the rounds of one mode; returns how many differed."""
    pool_size = options.clients + 2 if mode == "session" else options.pool_size

    def restart():
        host.start_pooler(options.via, mode, pool_size, options.program, depth)

    restart()
    contest = Contest(host, options.via, restart)
    names = servers.client_names(options.clients)
    end, differences, played = time.monotonic() + seconds, 0, 0
    for number in [options.round] if options.round is not None else range(options.rounds):
        if time.monotonic() > end or differences >= options.stop_after:
            break
        where = (f"mode {mode}: --seed {options.seed} --round {number} --clients {options.clients}"
                 f" --depth {depth}")
        scripts = generate.scripts(f"{options.seed}/{mode}/{number}", mode, names, options.length,
                                   servers.USER, servers.DATABASE)
        if options.show:
            print("\n".join(line for script in scripts for line in script.lines()))
        try:
            lines = contest.verdict(scripts)
        except ReferenceCrashed as crash:
            print(f"PostgreSQL itself crashes in {where}:\n{crash}")
            continue
        played += 1
        if lines:
            differences += 1
            print(f"\nDIFFERENCE in {where}\n" + "\n".join(lines))
            print("\nthe end of the pooler's log:\n" + host.pooler_log())
            if host.pooler_died():
                break
            report(contest, scripts, options, where)
            contest.anew = False
    print(f"differential: mode {mode}: {played} rounds, {contest.exchanges} steps, "
          f"{differences} differ (seed {options.seed}, depth {depth})")
    return differences


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rounds", type=int, default=10**9, help="of each mode")
    parser.add_argument("--round", type=int, help="play this round only")
    parser.add_argument("--seconds", type=float, default=75, help="for all modes together")
    parser.add_argument("--mode", choices=MODES + ["all"], default="all")
    parser.add_argument("--via", choices=["pgring", "pgbouncer", "direct"], default="pgring")
    parser.add_argument("--program", help="the pooler's binary")
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--pool-size", type=int, default=2)
    parser.add_argument("--depth", type=int, default=os.environ.get("PIPELINE_DEPTH"))
    parser.add_argument("--length", type=int, default=14, help="actions of a script at most")
    parser.add_argument("--stop-after", type=int, default=1, help="differences per mode")
    parser.add_argument("--shrink", type=float, default=60, help="seconds; 0 for none")
    parser.add_argument("--show", action="store_true", help="print every script")
    return parser.parse_args(words)


def depths(options):
    return {options.depth: 1} if options.depth is not None else DEPTHS


def main():
    options = arguments()
    modes = MODES if options.mode == "all" else [options.mode]
    host = servers.Servers(options.clients)
    try:
        differences = sum(play_mode(host, mode, options, share * options.seconds / len(modes), depth)
                          for depth, share in depths(options).items() for mode in modes)
    finally:
        host.stop()
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
