"""The face of nodes: what other domains use."""

from arena.nodes.attestation import Attestation, Wanted, commit
from arena.nodes.contracts import (
    CALIBRATE,
    ENGINE,
    PRELOAD,
    RECYCLE,
    CalibrationAsked,
    LeasedNode,
    NodeChanged,
    NodeFreed,
    NodeHealth,
    NodeWorn,
)
from arena.nodes.joining import recycle
from arena.nodes.placement import BUSY, Place, to_preload
from arena.nodes.queries import (
    attestation,
    fingerprint,
    leased_within,
    live_leases,
    nodes,
    table,
    wanted_on_air,
)
from arena.nodes.schemas import NodeOut
from arena.nodes.service import (
    attested,
    bearer,
    freed,
    lease,
    let_go,
    recognise,
    released,
    saw,
    serving,
    serving_model,
)

__all__ = [
    "BUSY",
    "CALIBRATE",
    "ENGINE",
    "PRELOAD",
    "RECYCLE",
    "Attestation",
    "CalibrationAsked",
    "LeasedNode",
    "NodeChanged",
    "NodeFreed",
    "NodeHealth",
    "NodeOut",
    "NodeWorn",
    "Place",
    "Wanted",
    "attestation",
    "attested",
    "bearer",
    "commit",
    "fingerprint",
    "freed",
    "lease",
    "leased_within",
    "let_go",
    "live_leases",
    "nodes",
    "recognise",
    "recycle",
    "released",
    "saw",
    "serving",
    "serving_model",
    "table",
    "to_preload",
    "wanted_on_air",
]
