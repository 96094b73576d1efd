"""Who is suggested to meet next, and whether the chances that are written down are the real ones."""

from collections import Counter
from itertools import combinations

import pytest

from arena.ratings.columns import Pair
from arena.ratings.pairing import EXPLORE, Contender, Doubt, Plan, doubts, plan, seed_of
from arena.ratings.rules import fit
from arena.ratings.tallies import Counts, Duel

NAMES = ["a", "b", "c", "d", "house"]
ALL = [Contender(name, None if name == "house" else name.upper(), 0) for name in NAMES]
ONCE: dict[Pair, int] = dict.fromkeys(combinations(NAMES, 2), 1)


def drawn(plan: Plan) -> Pair:
    return plan.drawn[0].a, plan.drawn[0].b


def test_an_evening_of_draws_lets_everybody_meet_everybody_first() -> None:
    met: Counter[Pair] = Counter()
    shown: Counter[str] = Counter()
    for number in range(10):
        on = [Contender(one.entry, one.holder, shown[one.entry]) for one in ALL]
        found = plan(on, met, {}, 1, 2, f"seed {number}")
        assert found.stage == "balanced"
        met[drawn(found)] += 1
        shown.update(drawn(found))
        assert max(shown.values()) - min(shown[name] for name in NAMES) <= 2
    assert met == ONCE
    assert plan(ALL, met, {}, 1, 2, "seed").stage == "shrinkage"
    assert plan(ALL, met, {}, 2, 2, "seed").stage == "balanced"


def test_what_is_drawn_has_the_chance_that_is_written_down() -> None:
    doubt = {pair: Doubt(10.0 * (1 + number), 1.0 + number) for number, pair in enumerate(ONCE)}
    chances = plan(ALL, ONCE, doubt, 1, 2, "").chances()
    assert sum(chances.values()) == pytest.approx(1)
    assert min(chances.values()) > EXPLORE / len(chances)
    times = Counter(drawn(plan(ALL, ONCE, doubt, 1, 2, str(seed))) for seed in range(3000))
    for pair, chance in chances.items():
        assert times[pair] / 3000 == pytest.approx(chance, abs=4 * (chance / 3000) ** 0.5)


def test_a_pair_in_doubt_is_likelier_and_one_that_is_unknown_is_as_likely_as_the_likeliest() -> None:
    doubt = dict.fromkeys(ONCE, Doubt(20.0, 6.0)) | {("a", "b"): Doubt(90.0, 2.0)}
    del doubt["c", "house"]
    chances = plan(ALL, ONCE, doubt, 1, 2, "").chances()
    others = {chance for pair, chance in chances.items() if pair not in (("a", "b"), ("c", "house"))}
    assert chances["a", "b"] == chances["c", "house"] > 3 * max(others)


def test_nobody_meets_an_entry_of_the_same_holder_and_everybody_may_meet_the_house() -> None:
    team = [Contender("a", "team", 0), Contender("b", "team", 0), Contender("house", None, 0)]
    assert set(plan(team, {}, {}, 1, 2, "").chances()) == {("a", "house"), ("b", "house")}
    assert plan(team[:2], {}, {}, 1, 2, "").drawn == ()
    assert plan([], {}, {}, 1, 2, "").drawn == ()


def test_who_was_on_stage_much_more_than_the_others_rests() -> None:
    tired = [Contender(one.entry, one.holder, 5 if one.entry == "a" else 1) for one in ALL]
    assert all("a" not in pair for pair in plan(tired, ONCE, {}, 1, 2, "").chances())
    two = [Contender("a", "A", 9), Contender("house", None, 0)]
    assert set(plan(two, {}, {}, 1, 2, "").chances()) == {("a", "house")}


def test_the_draw_can_be_made_again_and_is_another_one_after_every_duel() -> None:
    seeds = [seed_of("rules", "episode", duels) for duels in ([], ["1"], ["2", "1"])]
    assert len(set(seeds)) == 3
    assert seeds[2] == seed_of("rules", "episode", ["1", "2"])
    assert plan(ALL, ONCE, {}, 1, 2, seeds[0]) == plan(ALL[::-1], ONCE, {}, 1, 2, seeds[0])


def test_a_difference_is_worth_the_duels_of_its_pair_and_half_of_the_way_round() -> None:
    """Six duels of each of three pairs: a and b are told apart by their own six, and over c by three more."""
    season = [Duel(a, b, Counts(60 - 3 * i, 40 + 3 * i)) for i in range(6) for a, b in combinations("abc", 2)]
    found = doubts(fit(season, "a"))["a", "b"]
    assert found.worth == pytest.approx(9, rel=0.1)
    assert found.gain == pytest.approx(found.half_width * (1 - (found.worth / (found.worth + 1)) ** 0.5))
    assert 0.04 < found.gain / found.half_width < 0.06
