"""The same bytes directly and through pgring, in each pool mode: random scripts with a fixed seed.

Longer, or with another seed: tests/differential/run.py --seed N --seconds 600
"""

import pytest
import run
import servers


@pytest.fixture(scope="module")
def host(cluster):
    shared = servers.Servers(run.arguments([]).clients, cluster)
    yield shared
    shared.stop()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("mode", run.MODES)
def test_random_scripts_get_the_same_bytes(host, mode):
    options = run.arguments(["--seed", "pgring", "--rounds", "60", "--shrink", "40"])
    assert run.play_mode(host, mode, options, seconds=90) == 0, "see the output"
    host.stop_pooler()
