"""The plan of a run: who is asked what, in which order."""

from collections import Counter
from datetime import UTC, datetime
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from arena.benchmarks import suites
from arena.benchmarks.contracts import GymSource
from arena.nodes.attestation import AdapterStated, EngineStated, Gpu, Machine, Statement
from arena.speed import rules
from arena.speed.contracts import WHO

seeds = st.integers(0, 2**rules.SEED_BITS - 1)
blocks = st.integers(5, 20)


@given(seeds, blocks)
def test_a_block_of_a_duel_asks_everybody_the_same_in_abba_order(seed: int, count: int) -> None:
    shots = rules.shots("duel", seed, count)
    assert [shot.number for shot in shots] == list(range(3 + 6 * count))
    assert [(shot.who, shot.block) for shot in shots[:3]] == [(who, None) for who in WHO]
    listed = {block: list(group) for block, group in groupby(shots[3:], key=lambda shot: shot.block)}
    assert list(listed) == list(range(count))
    for block, inside in listed.items():
        order = [shot.who for shot in inside]
        assert order == order[::-1]
        assert Counter(order) == dict.fromkeys(WHO, 2)
        between = "".join(who for who in order if who != "house")
        assert between in ("abba", "baab")
        assert {shot.ask for shot in inside} == {(block or 0) + 1}, "and nothing twice"


@given(seeds)
def test_every_order_comes_once_before_any_comes_again(seed: int) -> None:
    shots = rules.shots("duel", seed, 12)
    orders = [
        tuple(shot.who for shot in group) for _, group in groupby(shots[3:], key=lambda shot: shot.block)
    ]
    assert len(set(orders[:6])) == len(set(orders[6:])) == 6


@given(seeds)
def test_in_a_quiz_everybody_answers_every_question_once(seed: int) -> None:
    shots = rules.shots("quiz", seed, rules.QUESTIONS // 2)
    asked = Counter((shot.who, shot.ask) for shot in shots if shot.block is not None)
    assert asked == {(who, ask): 1 for who in WHO for ask in range(1, rules.QUESTIONS + 1)}
    assert [shot.ask for shot in shots[:3]] == [0, 0, 0], "no question is spent on the warm-up"
    for _, group in groupby(shots[3:], key=lambda shot: shot.block):
        inside = list(group)
        assert [shot.who for shot in inside] == [shot.who for shot in inside][::-1]
        assert [shot.ask for shot in inside] == sorted(shot.ask for shot in inside)


@given(seeds, seeds, blocks)
def test_the_seed_alone_decides(seed: int, other: int, count: int) -> None:
    assert rules.shots("duel", seed, count) == rules.shots("duel", seed, count)
    drawn = rules.drawn(seed, count)
    assert drawn == rules.drawn(seed, count)
    assert len(set(drawn)) == count + 1
    assert set(drawn) <= set(rules.prompts())


def test_another_seed_is_another_plan() -> None:
    assert len({tuple(rules.shots("duel", seed, 5)) for seed in range(20)}) > 10
    assert len({tuple(rules.drawn(seed, 5)) for seed in range(20)}) == 20


@given(seeds)
def test_a_quiz_has_ten_questions_that_are_answered_in_writing(seed: int) -> None:
    suite = suites.load("reasoning")
    quiz = rules.quiz_suite(suite, seed)
    asked = rules.quiz_items(quiz, seed)
    assert sum(map(len, asked.values())) == rules.QUESTIONS
    assert {family.kind for family in quiz.families} == {"generate"}
    sizes = {family.name: family.items for family in quiz.families}
    assert all(len(set(listed)) == len(listed) for listed in asked.values())
    assert all(0 <= index < sizes[name] for name, listed in asked.items() for index in listed)
    assert (quiz, asked) == (rules.quiz_suite(suite, seed), rules.quiz_items(quiz, seed))
    assert isinstance(quiz.seed, int)
    assert 0 <= quiz.seed < 2**31


def test_more_families_share_the_ten() -> None:
    suite = suites.load("reasoning")
    written = next(family for family in suite.families if family.kind == "generate")
    three = [written.model_copy(update={"name": name}) for name in ("x", "y", "z")]
    quiz = rules.quiz_suite(suite.model_copy(update={"families": three}), 7)
    assert sorted(map(len, rules.quiz_items(quiz, 7).values())) == [3, 3, 4]


def test_choices_are_asked_where_nothing_is_written() -> None:
    suite = suites.load("chinese")
    assert rules.quiz_suite(suite, 7).families == suite.families
    several = suites.load("format")
    assert [family.name for family in rules.quiz_suite(several, 7).families] == ["one_line"], (
        "an answer is one line"
    )


def test_another_seed_asks_other_questions_of_a_bank() -> None:
    suite = suites.load("english")
    drawn = {str(rules.quiz_items(rules.quiz_suite(suite, seed), seed)) for seed in range(20)}
    assert len(drawn) == 20


def test_the_surprise_bank_comes_up_with_one_family_by_the_seed() -> None:
    bank = suites.surprise()
    assert len(bank.families) >= 10
    found = {}
    for seed in range(200):
        quiz = rules.quiz_suite(bank, seed)
        (family,) = quiz.families
        assert len(rules.quiz_items(quiz, seed)[family.name]) == rules.QUESTIONS
        found[seed] = family.name
    assert set(found.values()) == {family.name for family in bank.families}
    known = {family.source.dataset for name in suites.shipped() for family in suites.load(name).families
             if isinstance(family.source, GymSource)}  # fmt: skip
    rare = {family.source.dataset for family in bank.families if isinstance(family.source, GymSource)}
    assert len(rare) == len(bank.families)
    assert not rare & known, "nobody has practised for it"


GPU = Gpu(
    name="NVIDIA H200",
    memory_bytes=1,
    clock_mhz=1980,
    max_clock_mhz=1980,
    memory_clock_mhz=3201,
    temperature_c=41,
    power_watts=300,
    throttled=0,
)


def statement(**machine: object) -> Statement:
    return Statement(
        challenge="c",
        seed_commitment=None,
        stated_at=datetime.now(UTC),
        public_key="1" * 64,
        machine=Machine.model_validate(
            {
                "hardware_class": "h200",
                "cpu": "x",
                "cores": 2,
                "memory_bytes": 1,
                "accelerator": None,
                "clock_mhz": 2000,
                "max_clock_mhz": 3000,
                "system": "Linux",
                "gpus": (GPU,),
                "driver": "570",
                "gpu_source": "nvml",
                **machine,
            }
        ),
        engine=EngineStated(build="1", arguments=(), system_fingerprint=None, rehearsal=True),
        base_model="m",
        base_digest="2" * 64,
        template_digest="3" * 64,
        system_template_digest="4" * 64,
        adapters=(AdapterStated(name="a-1", digest="5" * 64, fingerprint="6" * 64),),
    )


def test_clocks_and_heat_may_move_and_nothing_else() -> None:
    before = statement()
    hot = GPU.model_copy(update={"temperature_c": 80, "power_watts": 690, "clock_mhz": 1755})
    assert rules.changes(before, statement(gpus=(hot,), clock_mhz=2500)) == []
    assert rules.changes(before, statement(driver="580", cores=3)) == ["cores", "driver"]
    assert rules.changes(before, statement(gpus=())) == ["gpus"]
    engine = before.engine.model_copy(update={"build": "2"})
    assert rules.changes(before, before.model_copy(update={"engine": engine})) == ["engine"]
    other = before.adapters[0].model_copy(update={"fingerprint": "7" * 64})
    assert rules.changes(before, before.model_copy(update={"adapters": (other,)})) == ["adapters"]
    for name in ("public_key", "base_digest", "template_digest"):
        assert rules.changes(before, before.model_copy(update={name: "8" * 64})) == [name]
    changed = before.model_copy(update={"system_template_digest": "8" * 64})
    assert rules.changes(before, changed) == ["template_digest"]


def test_a_lowered_clock_is_a_throttled_one_unless_it_is_idle_or_was_set() -> None:
    def with_mask(mask: int | None) -> Statement:
        return statement(gpus=(GPU, GPU.model_copy(update={"throttled": mask})))

    assert [mask for mask in (None, 0, 0x1, 0x2, 0x100, 0x3) if rules.throttled(with_mask(mask))] == []
    faults = (0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x41)
    assert [mask for mask in faults if not rules.throttled(with_mask(mask))] == []
    assert not rules.throttled(statement(gpus=()))
