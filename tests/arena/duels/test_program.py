"""What may be on air, as a function of the record, the clock and what was decided."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from arena.duels.program import OFF_AIR, UNDER_WAY, Air, Line, next_on_air, on_air, tokens_before
from arena.duels.redaction import BLOCK, Redactor

BEGAN = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
SECONDS = st.integers(0, 60)
HOLDS = st.integers(0, 30).map(lambda seconds: timedelta(seconds=seconds))


def at(second: int) -> datetime:
    return BEGAN + timedelta(seconds=second)


@st.composite
def lines(draw: st.DrawFn, air: tuple[Air, ...] = ("flowing", "held", *OFF_AIR)) -> Line:
    recorded = [at(second) for second in sorted(draw(st.lists(SECONDS, max_size=12)))]
    cleared = draw(st.integers(0, len(recorded)))
    return Line(
        recorded=recorded,
        ended=draw(st.booleans()),
        air=draw(st.sampled_from(air)),
        cleared=cleared,
        aired=draw(st.integers(0, cleared)),
    )


@given(lines(), lines(), SECONDS, HOLDS)
def test_nothing_goes_on_air_that_is_not_cleared_or_too_young(
    left: Line, right: Line, second: int, hold: timedelta
) -> None:
    now = at(second)
    for line, count in zip((left, right), on_air(left, right, now, hold), strict=True):
        assert line.aired <= count <= line.cleared, "never taken back, never ahead of moderation"
        for index in range(line.aired, count):
            assert line.recorded[index] <= now - hold
        if line.air in OFF_AIR:
            assert count == line.aired, "what was taken off does not go on"


@given(lines(("flowing", "held")), lines(("flowing", "held")), SECONDS, HOLDS)
def test_one_side_runs_ahead_only_of_one_that_has_ended(
    left: Line, right: Line, second: int, hold: timedelta
) -> None:
    fresh = [replace(line, aired=0) for line in (left, right)]
    counts = on_air(fresh[0], fresh[1], at(second), hold)
    for slow, fast in ((0, 1), (1, 0)):
        if counts[fast] > counts[slow]:
            assert fresh[slow].ended
            assert counts[slow] == len(fresh[slow].recorded)


@given(lines(("flowing",)), lines(OFF_AIR), SECONDS, HOLDS)
def test_nobody_waits_for_a_side_that_was_taken_off(
    left: Line, right: Line, second: int, hold: timedelta
) -> None:
    now = at(second)
    empty = replace(right, aired=0)
    alone = Line(recorded=[], ended=True, air="flowing", cleared=0, aired=0)
    assert on_air(left, empty, now, hold)[0] == on_air(left, alone, now, hold)[0]


@dataclass
class Evening:
    """Both sides token by token: who speaks when, how moderation follows, and a clock that looks now and then."""

    hold: timedelta
    lines: list[Line] = field(
        default_factory=lambda: [Line([], ended=False, air="flowing", cleared=0, aired=0) for _ in range(2)]
    )

    def say(self, side: int, second: int) -> None:
        line = self.lines[side]
        if not line.ended:
            self.lines[side] = replace(line, recorded=[*line.recorded, at(second)])

    def end(self, side: int) -> None:
        self.lines[side] = replace(self.lines[side], ended=True)

    def clear(self, side: int) -> None:
        self.lines[side] = replace(self.lines[side], cleared=len(self.lines[side].recorded))

    def look(self, second: int) -> tuple[int, int]:
        left, right = self.lines
        counts = on_air(left, right, at(second), self.hold)
        self.lines = [replace(line, aired=count) for line, count in zip(self.lines, counts, strict=True)]
        return counts


STEPS = st.lists(st.tuples(st.sampled_from(["say", "clear", "end", "look"]), st.integers(0, 1)), max_size=60)


@given(STEPS, HOLDS)
def test_what_is_on_air_only_grows_and_in_the_end_it_is_everything(
    steps: list[tuple[str, int]], hold: timedelta
) -> None:
    evening, before = Evening(hold), (0, 0)
    for second, (what, side) in enumerate(steps):
        if what == "say":
            evening.say(side, second)
        elif what == "look":
            now = evening.look(second)
            assert now[0] >= before[0]
            assert now[1] >= before[1]
            before = now
        else:
            getattr(evening, what)(side)
    for side in (0, 1):
        evening.end(side)
        evening.clear(side)
    later = len(steps) + int(hold.total_seconds())
    assert evening.look(later) == tuple(len(line.recorded) for line in evening.lines)
    assert all(line.closed for line in evening.lines)
    assert [next_on_air(line, hold) for line in evening.lines] == [None, None]


@given(st.lists(st.text(max_size=4), max_size=12), st.integers(0, 40))
def test_tokens_are_whole_or_not_there(pieces: list[str], chars: int) -> None:
    count = tokens_before(pieces, chars)
    assert len("".join(pieces[:count])) <= chars
    if count < len(pieces):
        assert len("".join(pieces[: count + 1])) > chars


def test_only_flowing_and_held_sides_have_something_to_come() -> None:
    line = Line(recorded=[at(1)], ended=True, air="flowing", cleared=1, aired=0)
    assert next_on_air(line, timedelta(seconds=7)) == at(8)
    for air in ("flowing", "held", "aired", "replaced", "dumped"):
        assert (next_on_air(replace(line, air=air), timedelta()) is not None) == (air in UNDER_WAY)


# --- redaction -----------------------------------------------------------------------------------------------------

BLIND = Redactor(("Lantern", "拾光者", "Ada Wong"))


def shown(text: str) -> str:
    return BLIND.shown(text, len(text))


def test_names_are_unreadable_however_they_are_written() -> None:
    for name in (
        "Lantern",
        "LANTERN",
        "L-a-n-t-e-r-n",
        "Lan\u200btern",
        "Ｌａｎｔｅｒｎ",
        "l4ntern",
        "Ada  Wong",
    ):
        assert shown(f"This is {name}, good evening.") == f"This is {BLOCK}, good evening."
    assert shown("大家好，拾光者来了") == f"大家好，{BLOCK}来了"
    assert shown("大家好，拾\u200b光者来了") == f"大家好，{BLOCK}来了"


def test_models_do_not_say_who_made_them() -> None:
    assert shown("I am Gemma, trained by Google.") == f"I am {BLOCK}, {BLOCK}."
    assert shown("我是通义千问，由阿里云开发的模型。") == f"我是{BLOCK}，{BLOCK}模型。"
    assert BLOCK in shown("Hello, I'm Claude.")
    assert "ChatGPT" not in shown("As ChatGPT I must say")


def test_ordinary_words_stay() -> None:
    for text in (
        "A llama and a falcon met under Gemini; Google it.",
        "我是一个路人，百度一下。",
        "She was trained by an old violinist.",
        "The lanternfish has its own light.",
    ):
        assert shown(text) == text


def test_marks_that_nobody_sees_become_a_block_that_everybody_sees() -> None:
    assert shown("a\u200b\u2060b") == f"a{BLOCK}b"
    assert shown("gavel \u202edrow") == f"gavel {BLOCK}drow"
    assert shown("tag\U000e0067\U000e0062") == f"tag{BLOCK}"
    family = "👩\u200d👩\u200d👧 ❤\ufe0f"
    assert shown(family) == family, "what joins two emoji is part of the picture"


WORDS = st.sampled_from(
    [
        "Lantern ",
        "lan",
        "tern",
        " and ",
        "I am ",
        "Gem",
        "ma. ",
        "\u200b",
        "拾光",
        "者",
        "由阿里",
        "云开发",
        "rain",
        ", ",
    ]
)


@given(st.lists(WORDS, max_size=14), st.data())
def test_what_is_on_air_is_never_changed_by_what_comes_after(words: list[str], data: st.DataObject) -> None:
    """Cut anywhere that is further from the end than the reach: more text adds to what was shown and alters nothing."""
    said = "".join(words)
    sure = max(0, len(said) - BLIND.reach)
    cut = data.draw(st.integers(0, sure))
    longer = said + "".join(data.draw(st.lists(WORDS, max_size=6)))
    assert BLIND.shown(longer, cut) == BLIND.shown(said, cut)
    assert BLIND.shown(longer, len(longer)).startswith(BLIND.shown(said, cut))


@given(st.text(max_size=40))
def test_redacting_takes_away_only_what_it_marks(text: str) -> None:
    spans = BLIND.spans(text)
    kept = BLIND.shown(text, len(text)).count(BLOCK) - text.count(BLOCK)
    assert kept >= 0
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(first[1] < second[0] for first, second in pairwise(spans))
