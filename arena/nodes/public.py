"""The face of nodes: what other domains use."""

from arena.nodes.contracts import ENGINE, LeasedNode, NodeChanged, NodeFreed, NodeHealth
from arena.nodes.queries import live_leases, nodes
from arena.nodes.schemas import NodeOut
from arena.nodes.service import freed, known_fingerprint, lease, saw

__all__ = [
    "ENGINE",
    "LeasedNode",
    "NodeChanged",
    "NodeFreed",
    "NodeHealth",
    "NodeOut",
    "freed",
    "known_fingerprint",
    "lease",
    "live_leases",
    "nodes",
    "saw",
]
