"""Load generators as child processes with a deadline."""

import subprocess


class Failed(Exception):
    """A run without a usable result; the text says why."""


def run(arguments, seconds, directory="/", at=None, then=None):
    """The standard output of a program that ends within `seconds`. then() is called once, `at` seconds
    after the start, if it still runs."""
    child = subprocess.Popen(arguments, cwd=directory, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if then:
            try:
                child.wait(at)
            except subprocess.TimeoutExpired:
                then()
        output, errors = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failed(arguments[0] + " hangs") from None
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode != 0:
        raise Failed(" ".join((errors.strip() or arguments[0] + " failed").splitlines()[-1:]))
    return output
