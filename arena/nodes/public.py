"""The face of nodes: what other domains use."""

from arena.nodes.contracts import ENGINE, LeasedNode, NodeChanged, NodeFreed, NodeHealth
from arena.nodes.queries import fingerprint, live_leases, nodes
from arena.nodes.schemas import NodeOut
from arena.nodes.service import bearer, freed, lease, recognise, released, saw

__all__ = [
    "ENGINE",
    "LeasedNode",
    "NodeChanged",
    "NodeFreed",
    "NodeHealth",
    "NodeOut",
    "bearer",
    "fingerprint",
    "freed",
    "lease",
    "live_leases",
    "nodes",
    "recognise",
    "released",
    "saw",
]
