"""Which node a request gets. A pure function of a table, so that its promises can be tested as such.

The promises: work goes only to an engine that can do it; an exclusive lease is alone on its node; nothing shares a node
but shows with shows, benchmarks with benchmarks, and off the stage talks with shows, and those never have more adapters
live than the node has slots; whoever waits for a node that others share is not overtaken for ever by them; and while a
duel waits nobody else takes a node that it could have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args
from uuid import UUID

Mode = Literal[
    "showcase", "duel", "speed", "benchmark", "probe", "practice", "preload", "recycle", "calibration"
]
MODES: tuple[Mode, ...] = get_args(Mode)

SHARED: frozenset[Mode] = frozenset({"showcase"})
"""Modes that may be on one node together, as may benchmarks; every other has its node to itself. So nothing is ever
loaded beside a duel or a speed run: a load needs a lease, and theirs admits no other."""
ON_AIR: frozenset[Mode] = frozenset({"duel", "speed"})
SHARERS = 4
"""Showcases on one node."""
CROWD: frozenset[Mode] = frozenset({"showcase", "practice"})
"""Modes that may be together on a node that is off the stage: its engine is shared with others in any case."""
CROWD_SHARERS = 16
BATCH: frozenset[Mode] = frozenset({"benchmark"})
"""Entries that are measured together over one base model. Each asks for itself, and nothing of it is about time."""
BATCH_SHARERS = 8
"""Benchmarks on one node."""

ANY_CLASS = "any"
"""Of a track that asks for no hardware class."""

BUSY = "waiting for a free engine"
NONE_UP = "waiting for an engine to start"
DUEL_FIRST = "waiting until the duel has its engine"
NEW_KEY = "waiting for a producer to accept the engine's new key"
NO_ROOM = "no engine has room for so many adapters at once"
UNFIT = "waiting for an engine that can do this kind of work"
NOT_SERVED = "waiting for an engine that has this adapter"
UNLIKE = "waiting for an engine that its calibration does not refuse as one of this class"


@dataclass(frozen=True)
class Request:
    mode: Mode
    base_model: str
    adapters: frozenset[str] = frozenset()
    """By digest: what will be live under this lease."""
    hardware_class: str = ANY_CLASS
    avoid: frozenset[UUID] = frozenset()
    """Nodes to be taken only when there is no other: they have failed this work."""
    only: UUID | None = None


@dataclass(frozen=True)
class Held:
    """A live lease."""

    mode: Mode
    adapters: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Place:
    """A node as the table shows it. The table is in the order in which nodes came."""

    id: UUID
    base_model: str | None
    ready: bool = True
    trusted: bool = True
    """It signs with the key that it was first seen with."""
    draining: bool = False
    quarantine: bool = False
    hardware_class: str = "unknown"
    misfit: bool = False
    """Its last calibration refused it as one of its class: what asks for a class does not go there."""
    slots: int = 8
    resident: frozenset[str] = frozenset()
    held: tuple[Held, ...] = field(default=())
    uses: frozenset[Mode] = frozenset(MODES)
    """What its engine can be used for, as `capabilities` says."""
    loads: bool = True
    """Adapters that are not resident can be loaded."""

    @property
    def on_stage(self) -> bool:
        """It could have a duel."""
        return "duel" in self.uses


def place(
    table: Sequence[Place], request: Request, waiting: Sequence[Request] = (), quarantine: bool = False
) -> Place | str:
    """A node for the request, or the reason why it waits.

    `waiting` are the requests that came before this one and have no node yet; `quarantine`: the site keeps a node apart
    for probes, which then go nowhere else.
    """
    apart = quarantine and request.mode == "probe"
    mine = [one for one in table if _fits(one, request, apart)]
    up = [one for one in mine if one.ready and one.trusted]
    if not up:
        return _why_none(table, request, apart)
    roomy = [one for one in up if len(request.adapters) <= one.slots]
    if not roomy:
        return NO_ROOM
    before = [one for one in waiting if _goes_first(one, request)]
    open_to_all = [one for one in roomy if not any(_fits(one, other, False) for other in before)]
    if not open_to_all:
        return DUEL_FIRST
    free = [one for one in open_to_all if _admits(one, request, waiting)]
    if not free:
        return BUSY
    # What can be done off the stage leaves the stage's engines free.
    return min(
        free, key=lambda one: (one.id in request.avoid, one.on_stage, len(request.adapters - one.resident))
    )


def _why_none(table: Sequence[Place], request: Request, apart: bool) -> str:
    known = [one for one in table if one.base_model == request.base_model]
    if any(one.ready for one in known):
        able = [one for one in known if request.mode in one.uses]
        if not able:
            return UNFIT
        if not any(_has(one, request) for one in able):
            return NOT_SERVED
    of_class = [one for one in known if one.ready and one.hardware_class == request.hardware_class]
    if of_class and all(one.misfit for one in of_class):
        return UNLIKE
    of_any_class = replace(request, hardware_class=ANY_CLASS)
    ready = [one for one in table if one.ready and _fits(one, of_any_class, apart)]
    classes = sorted({one.hardware_class for one in ready if one.trusted})
    if ready and not classes:
        return NEW_KEY
    if classes:
        found = ", ".join(classes)
        return f"waiting for an engine of class {request.hardware_class}; what is up is of class {found}"
    return NONE_UP


def _fits(place: Place, request: Request, apart: bool) -> bool:
    """Whether it could ever be this one, were it up and free."""
    if request.mode not in place.uses:
        return False
    if request.mode == "recycle":
        return place.id == request.only
    return (
        not place.draining
        and place.quarantine == apart
        and place.base_model == request.base_model
        and _is_of_class(place, request)
        and request.only in (None, place.id)
        and _has(place, request)
    )


def could_have(place: Place, request: Request) -> bool:
    """Whether the request would get this node as soon as nobody else holds it."""
    return place.ready and place.trusted and _fits(place, request, False)


def _is_of_class(place: Place, request: Request) -> bool:
    if request.hardware_class == ANY_CLASS:
        return True
    return place.hardware_class == request.hardware_class and not place.misfit


def _has(place: Place, request: Request) -> bool:
    return place.loads or request.adapters <= place.resident


def _goes_first(other: Request, request: Request) -> bool:
    """The stage comes before all other work; among its own, who asked first is first."""
    return other.mode in ON_AIR and request.mode not in ON_AIR


def _admits(place: Place, request: Request, waiting: Sequence[Request]) -> bool:
    if not place.held:
        return True
    together, most = _company(place, request.mode)
    if request.mode not in together or len(place.held) >= most:
        return False
    if any(other.mode not in together and _fits(place, other, False) for other in waiting):
        return False
    live = frozenset[str]().union(*(lease.adapters for lease in place.held), request.adapters)
    return all(lease.mode in together for lease in place.held) and len(live) <= place.slots


def _company(place: Place, mode: Mode) -> tuple[frozenset[Mode], int]:
    """With which modes this one may share the place, and how many they may be."""
    if mode in BATCH:
        return BATCH, BATCH_SHARERS
    return (SHARED, SHARERS) if place.on_stage else (CROWD, CROWD_SHARERS)


def to_preload(place: Place, roster: Sequence[str]) -> list[str]:
    """What is missing on a node before a show: the roster in its order, as far as the slots go."""
    return [digest for digest in list(dict.fromkeys(roster))[: place.slots] if digest not in place.resident]
