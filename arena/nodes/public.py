"""The face of nodes: what other domains use."""

from arena.nodes.attestation import Attestation, Wanted, commit
from arena.nodes.contracts import ENGINE, LeasedNode, NodeChanged, NodeFreed, NodeHealth
from arena.nodes.queries import attestation, fingerprint, live_leases, nodes
from arena.nodes.schemas import NodeOut
from arena.nodes.service import attested, freed, lease, recognise, saw

__all__ = [
    "ENGINE",
    "Attestation",
    "LeasedNode",
    "NodeChanged",
    "NodeFreed",
    "NodeHealth",
    "NodeOut",
    "Wanted",
    "attestation",
    "attested",
    "commit",
    "fingerprint",
    "freed",
    "lease",
    "live_leases",
    "nodes",
    "recognise",
    "saw",
]
