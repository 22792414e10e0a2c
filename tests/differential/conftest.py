"""One pgringd for all raw protocol tests of a file, watched by a client of its own."""

import pytest
from support.daemon import Pgring
from support.wire import Wire


@pytest.fixture(scope="module")
def pgring(cluster):
    """One for all: whatever these tests send must leave it fit for the next."""
    shared = Pgring(cluster)
    shared.start()
    yield shared
    shared.finish()


@pytest.fixture
def serves_others(pgring):
    """A client that was there before is served after, and so is a new one."""
    with Wire(pgring.port) as before:
        before.login()
        yield
        assert before.ask("select 1") == [["1"]]
        with Wire(pgring.port) as after:
            after.login()
            assert after.ask("select 2") == [["2"]]
