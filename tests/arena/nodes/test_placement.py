"""Placement keeps its promises on any table."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.nodes.capabilities import NEEDS, OUR_OWN, EngineCaps, lacks, uses
from arena.nodes.placement import (
    BATCH,
    BATCH_SHARERS,
    BUSY,
    CROWD_SHARERS,
    DUEL_FIRST,
    MODES,
    NEW_KEY,
    NO_ROOM,
    NONE_UP,
    NOT_SERVED,
    ON_AIR,
    SHARED,
    SHARERS,
    UNFIT,
    UNLIKE,
    Held,
    Mode,
    Place,
    Request,
    place,
    to_preload,
)
from workers.pool.drivers.ray_serve import CAPS as RAY

BASE = "base"
DIGESTS = [f"d{number}" for number in range(12)]


def node(number: int = 1, **fields: object) -> Place:
    return replace(Place(id=UUID(int=number), base_model=BASE), **fields)  # type: ignore[arg-type]


def ask(mode: Mode = "duel", *adapters: str, **fields: object) -> Request:
    return replace(Request(mode, BASE, frozenset(adapters)), **fields)  # type: ignore[arg-type]


def chosen(found: Place | str) -> int:
    assert isinstance(found, Place), found
    return found.id.int


EXCLUSIVE: tuple[Mode, ...] = ("duel", "speed", "probe", "practice", "preload", "calibration")


@pytest.mark.parametrize("holder", [*EXCLUSIVE, "showcase", "benchmark", "recycle"])
@pytest.mark.parametrize("mode", EXCLUSIVE)
def test_who_wants_a_node_alone_gets_one_that_nobody_holds(mode: Mode, holder: Mode) -> None:
    taken = node(1, held=(Held(holder),))
    assert place([taken], ask(mode)) == BUSY
    assert chosen(place([taken, node(2)], ask(mode))) == 2


def test_showcases_share_up_to_a_limit_and_to_the_slots() -> None:
    held = tuple(Held("showcase", frozenset({digest})) for digest in DIGESTS[:2])
    assert chosen(place([node(slots=3, held=held)], ask("showcase", "d2"))) == 1
    assert place([node(slots=2, held=held)], ask("showcase", "d2")) == BUSY
    assert chosen(place([node(slots=2, held=held)], ask("showcase", "d1"))) == 1
    assert place([node(held=held[:1] * SHARERS)], ask("showcase", "d0")) == BUSY
    assert place([node(held=(Held("duel"),))], ask("showcase", "d0")) == BUSY


def test_benchmarks_share_a_node_among_themselves_only() -> None:
    held = tuple(Held("benchmark", frozenset({digest})) for digest in DIGESTS[:2])
    assert chosen(place([node(slots=3, held=held)], ask("benchmark", "d2"))) == 1
    assert place([node(slots=2, held=held)], ask("benchmark", "d2")) == BUSY, "no slot is left"
    assert chosen(place([node(slots=2, held=held)], ask("benchmark", "d1"))) == 1
    assert place([node(held=held[:1] * BATCH_SHARERS)], ask("benchmark", "d0")) == BUSY
    others: tuple[Mode, ...] = (*EXCLUSIVE, "showcase")
    for mode in others:
        assert place([node(held=held)], ask(mode, "d0")) == BUSY
        assert place([node(held=(Held(mode),))], ask("benchmark", "d0")) == BUSY
        waits = ask(mode, "d5")
        assert place([node(held=held)], ask("benchmark", "d0"), [waits]) in (BUSY, DUEL_FIRST), (
            "he gets his turn"
        )
    assert chosen(place([node(held=held)], ask("benchmark", "d0"), [ask("benchmark", "d5")])) == 1
    off_stage = node(uses=OFF_STAGE, held=(Held("practice", frozenset({"d1"})),))
    assert place([off_stage], ask("benchmark", "d2")) == BUSY, "nor with talks, where those are together"
    assert chosen(place([replace(off_stage, held=held)], ask("benchmark", "d2"))) == 1


def test_nodes_that_have_the_adapters_come_first_and_those_that_failed_last() -> None:
    table = [node(1), node(2, resident=frozenset({"d1", "d2"})), node(3, resident=frozenset({"d1"}))]
    assert chosen(place(table, ask("duel", "d1", "d2"))) == 2
    failed = frozenset({UUID(int=2)})
    assert chosen(place(table, ask("duel", "d1", "d2", avoid=failed))) == 3
    assert chosen(place(table[1:2], ask("duel", "d1", "d2", avoid=failed))) == 2, "better than none"


@pytest.mark.parametrize(
    "changes",
    [
        {"ready": False},
        {"draining": True},
        {"quarantine": True},
        {"base_model": "another"},
    ],
)
def test_a_node_that_cannot_do_it_is_never_chosen(changes: dict[str, Any]) -> None:
    able = node(hardware_class="cpu")
    assert place([able], ask(hardware_class="cpu")) == able
    assert place([replace(able, **changes)], ask(hardware_class="cpu")) == NONE_UP


def test_why_there_is_no_node_names_both_classes_and_a_key_to_be_accepted() -> None:
    table = [node(hardware_class="gpu"), node(2, hardware_class="cpu", ready=False)]
    assert place(table, ask(hardware_class="cpu")) == (
        "waiting for an engine of class cpu; what is up is of class gpu"
    )
    assert place([node(trusted=False)], ask()) == NEW_KEY
    assert chosen(place([node(trusted=False), node(2)], ask())) == 2


def test_more_adapters_than_slots_are_told_so() -> None:
    assert place([node(slots=1)], ask("duel", "d1", "d2")) == NO_ROOM


def test_a_probe_keeps_to_quarantine_where_there_is_one() -> None:
    table = [node(1), node(2, quarantine=True)]
    assert chosen(place(table, ask("probe"), quarantine=True)) == 2
    assert place(table[:1], ask("probe"), quarantine=True) == NONE_UP
    assert chosen(place(table[:1], ask("probe"))) == 1
    assert place(table[1:], ask("duel"), quarantine=True) == NONE_UP


def test_recycling_takes_the_node_it_is_about_also_when_it_drains() -> None:
    table = [node(1), node(2, draining=True)]
    assert chosen(place(table, ask("recycle", only=UUID(int=2)))) == 2
    assert place([node(2, held=(Held("duel"),))], ask("recycle", only=UUID(int=2))) == BUSY


def test_the_stage_comes_first() -> None:
    waiting = [ask("duel", "d1", "d2")]
    others: tuple[Mode, ...] = ("benchmark", "practice", "preload", "showcase")
    for mode in others:
        assert place([node()], ask(mode), waiting) == DUEL_FIRST
    assert chosen(place([node(1), node(2, quarantine=True)], ask("probe"), waiting, quarantine=True)) == 2


@given(st.lists(st.sampled_from(DIGESTS), max_size=12), st.integers(1, 8), st.sets(st.sampled_from(DIGESTS)))
def test_after_preloading_the_roster_is_resident(roster: list[str], slots: int, there: set[str]) -> None:
    before = node(slots=slots, resident=frozenset(there))
    missing = to_preload(before, roster)
    after = replace(before, resident=before.resident | set(missing))
    wanted = list(dict.fromkeys(roster))[:slots]
    assert set(wanted) <= after.resident
    assert not to_preload(after, roster)
    assert len(missing) <= slots


# --- any order of events ------------------------------------------------------------------------------------------

modes: st.SearchStrategy[Mode] = st.sampled_from(("showcase", "benchmark", *EXCLUSIVE))
requests = st.builds(
    lambda mode, adapters: ask(mode, *adapters),
    modes,
    st.sets(st.sampled_from(DIGESTS), min_size=1, max_size=2),
)
tables = st.lists(
    st.builds(
        lambda slots, resident: (slots, frozenset(resident)),
        st.integers(2, 5),
        st.sets(st.sampled_from(DIGESTS), max_size=3),
    ),
    min_size=1,
    max_size=3,
).map(lambda rows: [node(n, slots=slots, resident=there) for n, (slots, there) in enumerate(rows, 1)])


@dataclass
class World:
    """Nodes, who holds them since when, and the line: as the service plays it."""

    table: list[Place]
    line: list[tuple[int, Request]] = field(default_factory=list)
    running: dict[int, tuple[int, Request]] = field(default_factory=dict)
    """Number of the request -> place in the table."""

    def turn(self) -> None:
        """Everybody in the line is woken, oldest first."""
        for number, request in list(self.line):
            before = [
                other for at, other in self.line if at != number and (at < number or other.mode in ON_AIR)
            ]
            found = place(self.table, request, before)
            if isinstance(found, Place):
                at = self.table.index(found)
                self.line.remove((number, request))
                self.running[number] = (at, request)
                self._hold(at)
        self.check()

    def end(self, number: int) -> None:
        at, _ = self.running.pop(number)
        self._hold(at)

    def _hold(self, at: int) -> None:
        held = [Held(r.mode, r.adapters) for place_at, r in self.running.values() if place_at == at]
        self.table[at] = replace(self.table[at], held=tuple(held))

    def check(self) -> None:
        for one in self.table:
            if any(lease.mode not in SHARED | BATCH for lease in one.held):
                assert len(one.held) == 1, "an exclusive lease is alone"
            assert len({lease.mode for lease in one.held}) <= 1, (
                "benchmarks are among themselves, and shows too"
            )
            live = frozenset[str]().union(*(lease.adapters for lease in one.held))
            assert len(live) <= one.slots
            assert len(one.held) <= max(SHARERS, BATCH_SHARERS)


@given(tables, st.lists(requests, max_size=15), st.data())
def test_leases_never_overlap_whatever_comes_and_goes(
    table: list[Place], arriving: list[Request], data: st.DataObject
) -> None:
    world = World(table)
    for number, request in enumerate(arriving):
        world.line.append((number, request))
        world.turn()
        for ended in data.draw(st.sets(st.sampled_from(sorted(world.running) or [0]), max_size=3)):
            if ended in world.running:
                world.end(ended)
        world.turn()


@given(tables, st.lists(requests, min_size=1, max_size=12), st.sampled_from(("showcase", "benchmark")))
def test_everybody_is_placed_in_the_end(table: list[Place], arriving: list[Request], mode: Mode) -> None:
    """While those that share keep coming without a pause, and leases end in the order in which they began."""
    world = World(table, list(enumerate(arriving)))
    last, rounds = len(arriving), 0
    while any(number < len(arriving) for number, _ in world.line):
        rounds += 1
        assert rounds < 60, f"still waiting: {world.line}"
        world.line.append((last, ask(mode, "d0")))
        last += 1
        world.turn()
        if len(world.running) >= len(world.table) or rounds % 2:
            world.end(min(world.running))


@given(tables, st.lists(requests, min_size=2, max_size=12))
def test_of_two_that_want_the_same_the_older_is_first(table: list[Place], arriving: list[Request]) -> None:
    alike = [replace(request, mode="probe") for request in arriving]
    world = World(table, list(enumerate(alike)))
    order: list[int] = []
    while world.line:
        world.turn()
        order += [number for number in sorted(world.running) if number not in order]
        world.end(min(world.running))
    assert order == sorted(order)


# --- what an engine can be used for -----------------------------------------------------------------------------------

OFF_STAGE: frozenset[Mode] = frozenset({"showcase", "practice", "benchmark"})
"""Of Ray Serve; without token ids there is no benchmark either."""


def test_every_need_is_a_capability_and_every_mode_has_its_needs() -> None:
    assert set(NEEDS) == set(MODES)
    assert {need for needs in NEEDS.values() for need in needs} <= EngineCaps.model_fields.keys()
    assert uses(OUR_OWN) == frozenset(MODES)
    assert uses(RAY) == OFF_STAGE
    assert uses(EngineCaps()) == {"showcase"}
    assert lacks(RAY, "duel") == ["exclusive", "restart"]


@pytest.mark.parametrize("capability", sorted(EngineCaps.model_fields))
def test_each_capability_counts(capability: str) -> None:
    """Without it some use is gone, or it is one that only a request can ask for."""
    without = OUR_OWN.model_copy(update={capability: False})
    asked_for = ("repetition_penalty", "images")
    assert uses(without) < uses(OUR_OWN) or capability in asked_for


@pytest.mark.parametrize("mode", ["duel", "speed", "preload", "probe"])
def test_the_stage_never_goes_to_an_engine_that_cannot_keep_it_apart(mode: Mode) -> None:
    shared = node(1, uses=OFF_STAGE, resident=frozenset({"d1", "d2"}))
    assert place([shared], ask(mode, "d1", "d2")) == UNFIT
    assert chosen(place([shared, node(2)], ask(mode, "d1", "d2"))) == 2
    assert place([shared, node(2, ready=False)], ask(mode)) == NONE_UP
    assert place([shared], ask("recycle", only=shared.id)) == UNFIT


def test_what_can_be_done_off_the_stage_is_done_there_also_while_a_duel_waits() -> None:
    table = [node(1, resident=frozenset({"d1"})), node(2, uses=OFF_STAGE)]
    assert chosen(place(table, ask("practice", "d1"))) == 2
    assert chosen(place(table, ask("practice", "d1"), [ask("duel", "d1", "d2")])) == 2
    assert place(table[:1], ask("practice", "d1"), [ask("duel", "d1", "d2")]) == DUEL_FIRST


def test_talks_share_an_engine_off_the_stage_and_only_there() -> None:
    talk = Held("practice", frozenset({"d1"}))
    crowd = node(1, uses=OFF_STAGE, held=(talk,) * (CROWD_SHARERS - 1))
    assert chosen(place([crowd], ask("practice", "d2"))) == 1
    assert place([replace(crowd, held=(talk,) * CROWD_SHARERS)], ask("practice", "d2")) == BUSY
    assert place([replace(crowd, slots=1)], ask("practice", "d2")) == BUSY
    assert place([node(1, held=(talk,))], ask("practice", "d2")) == BUSY
    assert place([crowd], ask("benchmark", "d2")) == BUSY
    assert place([crowd], ask("practice", "d2"), [ask("benchmark", "d3")]) == BUSY, "who waits gets his turn"
    assert chosen(place([crowd], ask("practice", "d2"), [ask("duel", "d3")])) == 1, "it is not for him"


def test_an_engine_that_loads_nothing_gets_only_what_it_serves() -> None:
    fixed = node(1, uses=OFF_STAGE, loads=False, resident=frozenset({"d1"}))
    assert chosen(place([fixed], ask("practice", "d1"))) == 1
    assert place([fixed], ask("practice", "d2")) == NOT_SERVED
    assert chosen(place([fixed, node(2)], ask("practice", "d2"))) == 2


@given(
    st.lists(st.tuples(st.sets(st.sampled_from(MODES)), st.booleans()), min_size=1, max_size=4),
    requests,
    st.lists(requests, max_size=4),
)
def test_nothing_is_ever_placed_where_it_cannot_be_done(
    engines: list[tuple[set[Mode], bool]], request: Request, waiting: list[Request]
) -> None:
    table = [
        node(number, uses=frozenset(allowed), loads=loads, resident=frozenset(DIGESTS[:3]))
        for number, (allowed, loads) in enumerate(engines, 1)
    ]
    found = place(table, request, waiting)
    if isinstance(found, Place):
        assert request.mode in found.uses
        assert found.loads or request.adapters <= found.resident
    elif not any(request.mode in one.uses for one in table):
        assert found == UNFIT


def test_a_node_that_its_calibration_refused_gets_nothing_that_asks_for_its_class() -> None:
    misfit = node(1, hardware_class="cpu", misfit=True)
    assert place([misfit], ask(hardware_class="cpu")) == UNLIKE
    assert chosen(place([misfit, node(2, hardware_class="cpu")], ask(hardware_class="cpu"))) == 2
    assert chosen(place([misfit], ask())) == 1, "unranked work goes there as ever"
    assert chosen(place([misfit], ask("calibration", only=misfit.id))) == 1, "it may be calibrated again"
    held = replace(misfit, held=(Held("practice"),))
    assert place([held], ask("calibration", only=misfit.id)) == BUSY


@given(
    st.lists(st.tuples(st.sampled_from(["cpu", "gpu"]), st.booleans(), st.booleans()), max_size=5),
    st.sampled_from(MODES),
)
def test_ranked_work_is_only_ever_placed_on_nodes_of_its_class(
    nodes: list[tuple[str, bool, bool]], mode: Mode
) -> None:
    table = [
        node(number, hardware_class=name, misfit=misfit, ready=ready)
        for number, (name, misfit, ready) in enumerate(nodes, 1)
    ]
    found = place(table, ask(mode, hardware_class="cpu"))
    if isinstance(found, Place):
        assert (found.hardware_class, found.misfit) == ("cpu", False)
    elif mode != "recycle":
        assert not any(one.ready and one.hardware_class == "cpu" and not one.misfit for one in table)
