"""Whose turn it is: the promises of the choice itself, on any line."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from arena.benchmarks.queue import REMEMBERED, Holder, Waiting, first

MORNING = datetime(2026, 11, 21, tzinfo=UTC)
HOLDERS: list[Holder] = [None, *(UUID(int=number) for number in range(1, 4))]
ENDED_AFTER = timedelta(minutes=10)


def waiting(number: int, holder: Holder, minutes: float = 0.0, ranked: bool = True) -> Waiting:
    return Waiting(UUID(int=100 + number), holder, ranked, MORNING + timedelta(minutes=minutes))


lines = st.lists(
    st.builds(
        lambda holder, minutes, ranked: (holder, minutes, ranked),
        st.sampled_from(HOLDERS),
        st.integers(0, 300),
        st.booleans(),
    ),
    max_size=12,
).map(lambda rows: [waiting(number, *row) for number, row in enumerate(rows)])
counts = st.dictionaries(st.sampled_from(HOLDERS), st.integers(0, 5))


def test_nobody_waits_and_nobody_is_next() -> None:
    assert first([], {}, {}) is None


def test_the_order_of_what_counts() -> None:
    ada, bob = HOLDERS[1], HOLDERS[2]
    old, new = waiting(1, ada, 0), waiting(2, bob, 60)
    assert first([new, old], {}, {}) == old.job_id, "else who came first"
    assert first([new, old], {}, {ada: 1}) == new.job_id, "who has begun less"
    assert first([new, old], {bob: 1}, {ada: 1}) == old.job_id, "who has less under way"
    idle = waiting(3, None, 0, ranked=False)
    assert first([idle, new], {bob: 5}, {bob: 5}) == new.job_id, "what ranks"


@given(lines, counts, counts)
def test_ranked_work_is_never_behind_other_work(
    line: list[Waiting], under_way: dict[Holder, int], begun: dict[Holder, int]
) -> None:
    found = first(line, under_way, begun)
    chosen = [one for one in line if one.job_id == found]
    assert len(chosen) == min(1, len(line))
    if any(one.ranked for one in line):
        assert chosen[0].ranked


@given(lines, counts, counts, st.randoms())
def test_nobody_is_passed_over_for_somebody_with_more(
    line: list[Waiting], under_way: dict[Holder, int], begun: dict[Holder, int], chance: Random
) -> None:
    found = first(line, under_way, begun)
    shuffled = list(line)
    chance.shuffle(shuffled)
    assert first(shuffled, under_way, begun) == found, "in whatever order the rows come"
    for one in line:
        (chosen,) = [other for other in line if other.job_id == found]
        if one.ranked == chosen.ranked:
            assert under_way.get(chosen.holder, 0) <= under_way.get(one.holder, 0)


@dataclass
class Hall:
    """One lab with two lanes. Ten minutes are a step, and every job takes one."""

    line: list[Waiting]
    now: datetime = MORNING
    begun: list[tuple[datetime, Holder]] = field(default_factory=list)
    running: list[Holder] = field(default_factory=list)
    served: list[UUID] = field(default_factory=list)

    def step(self) -> None:
        self.now += ENDED_AFTER
        self.running = []
        while len(self.running) < 2:
            lately = Counter(holder for at, holder in self.begun if self.now - at < REMEMBERED)
            found = first(self.line, Counter(self.running), lately)
            if found is None:
                return
            (chosen,) = [one for one in self.line if one.job_id == found]
            self.line.remove(chosen)
            self.running.append(chosen.holder)
            self.begun.append((self.now, chosen.holder))
            self.served.append(found)


@given(st.lists(st.sampled_from(HOLDERS), min_size=1, max_size=10))
def test_nobody_waits_for_ever_while_others_keep_coming(holders: list[Holder]) -> None:
    """As many newcomers in every step as there are lanes, and all of them ahead of whoever has begun something."""
    hall = Hall([waiting(number, holder) for number, holder in enumerate(holders)])
    wanted = {one.job_id for one in hall.line}
    steps = 0
    while not wanted <= set(hall.served):
        steps += 1
        minutes = steps * ENDED_AFTER.total_seconds() / 60
        for number in (1000 + 2 * steps, 1001 + 2 * steps):
            hall.line.append(waiting(number, UUID(int=9000 + number), minutes))
        hall.step()
        # At worst each of them waits until what was begun for its holder is forgotten.
        assert steps <= len(holders) * (REMEMBERED / ENDED_AFTER + 1)
