"""The same bytes directly and through pgring, in each pool mode: random scripts with a fixed seed.

Longer, or with another seed: tests/differential/run.py --seed N --seconds 600
"""

import pytest
import run
import servers

DEPTHS = run.depths(run.arguments([]))
ROUNDS = 60  # of each mode, shared by the depths


@pytest.fixture(scope="module")
def host(cluster):
    shared = servers.Servers(run.arguments([]).clients, cluster)
    yield shared
    shared.stop()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("mode", run.MODES)
@pytest.mark.parametrize("depth", DEPTHS)
def test_random_scripts_get_the_same_bytes(host, depth, mode):
    rounds = round(ROUNDS * DEPTHS[depth])
    options = run.arguments(["--seed", "pgring", "--rounds", str(rounds), "--shrink", "40"])
    differences = run.play_mode(host, mode, options, float("inf"), depth)
    host.stop_pooler()
    assert differences == 0, "see the output"
