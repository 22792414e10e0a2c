"""Who takes part: the candidates that were asked for and are installed."""

from candidates import Direct, Peer, PgBouncer, Ring
from peers import Odyssey, Pgagroal, Pgpool

KINDS = [Direct, Ring, PgBouncer, Pgpool, Odyssey, Pgagroal]


def installed(cluster, names):
    """The candidates with these names (all when there are none), as far as they can be run here."""
    found = [kind for kind in KINDS if not names or kind.name in names]
    unknown = set(names) - {kind.name for kind in KINDS}
    assert not unknown, "unknown candidates: " + " ".join(unknown)
    return [kind(cluster) for kind in found if not issubclass(kind, Peer) or kind.find()]
