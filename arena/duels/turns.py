"""What the sides of a duel are given in each turn. Pure: it follows from the producer's prompts and from what was said.

Both sides of a turn are asked at once. In a `follow_up` each goes on with its own conversation; in a `debate` each is
given what the other has said in the turn before, inside the season's frame, which names nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from arena.kit.errors import Invalid
from arena.kit.schemas import Contract
from arena.nodes.attestation import Hex32
from arena.shows.base_models import BaseModel, likely_tokens

DuelKind = Literal["single", "follow_up", "debate"]
MAX_TURNS = 6
QUOTED = "{answer}"
"""The place in a frame."""

Said = Sequence[str]
"""What one side has answered so far, turn by turn, as the model said it."""


class Message(Contract):
    """One message of a conversation as it is recorded: its text, or the digest of the answer that it is or quotes."""

    role: Literal["user", "assistant"]
    text: str | None
    """None: the message is the answer whose digest stands in `answer_sha256`."""
    answer_sha256: Hex32 | None
    """Of the side's own answer in that turn; with a text, of the other side's, which stands at `{answer}`."""


@dataclass(frozen=True)
class Course:
    """How a duel goes: what the producer has given, and how many turns it takes."""

    kind: DuelKind
    prompts: Sequence[str]
    turns: int
    frame: str | None

    def quotes(self, turn: int) -> bool:
        """Whether the other side's answer is what is asked in this turn."""
        return self.kind == "debate" and turn > 1

    def prompt(self, turn: int) -> str:
        """What the producer asks in a turn; a debate has one topic."""
        return self.prompts[0] if self.kind == "debate" else self.prompts[turn - 1]

    def given(self, turn: int, other: Said) -> str:
        """What a side is given in a turn. The white space around a quoted answer is left out."""
        if not self.quotes(turn):
            return self.prompt(turn)
        assert self.frame is not None
        return self.frame.replace(QUOTED, other[turn - 2].strip(), 1)

    def rendered(self, base: BaseModel, turn: int, own: Said, other: Said, system: str | None) -> str:
        """The whole conversation up to this turn, as the engine sees it."""
        earlier = [(self.given(before, other), own[before - 1]) for before in range(1, turn)]
        return base.render_turns(earlier, self.given(turn, other), system)

    def messages(self, turn: int, own: Said, other: Said) -> Iterator[Message]:
        """The same as it is recorded: no answer stands in the record of another, only its digest."""
        for number in range(1, turn + 1):
            if self.quotes(number):
                yield Message(role="user", text=self.frame, answer_sha256=text_digest(other[number - 2]))
            else:
                yield Message(role="user", text=self.prompt(number), answer_sha256=None)
            if number < turn:
                yield Message(role="assistant", text=None, answer_sha256=text_digest(own[number - 1]))


def text_digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def course(
    kind: DuelKind, prompt: str, follow_ups: Sequence[str], turns: int | None, frames: tuple[str, str]
) -> Course:
    """What was asked for, made whole. `frames`: in Chinese, and in any other language. Raises Invalid `duel.turns`."""
    prompts = [prompt, *follow_ups]
    if kind != "follow_up" and follow_ups:
        raise _turns("Only a duel with follow-ups has more than one prompt.", kind, len(prompts))
    if kind == "debate":
        if turns is None or not 2 <= turns <= MAX_TURNS:
            raise _turns(f"A debate has 2 to {MAX_TURNS} turns.", kind, turns)
        return Course(kind, prompts, turns, frames[0] if is_chinese(prompt) else frames[1])
    if kind == "follow_up" and not 2 <= len(prompts) <= MAX_TURNS:
        sentence = f"A duel with follow-ups has 2 to {MAX_TURNS} prompts, one for each turn; here are {len(prompts)}."
        raise _turns(sentence, kind, len(prompts))
    if turns not in (None, len(prompts)):
        raise _turns(f"{turns} turns were asked for, and {len(prompts)} prompts given.", kind, turns)
    return Course(kind, prompts, len(prompts), None)


def _turns(sentence: str, kind: DuelKind, turns: int | None) -> Invalid:
    return Invalid("duel.turns", sentence, field="turns", kind=kind, turns=turns, most=MAX_TURNS)


def is_chinese(text: str) -> bool:
    return any("\u3400" <= char <= "\u9fff" for char in text)


def check_fits(course: Course, base: BaseModel, max_tokens: int, systems: Sequence[str | None]) -> None:
    """Raises Invalid `duel.too_long` for a conversation that cannot fit into what the base model reads.

    Tokens of a prompt are estimated, low rather than high: the engine has the last word.
    """
    nothing = [""] * course.turns
    answers = course.turns * max_tokens
    quoted = (course.turns - 1) * max_tokens if course.kind == "debate" else 0
    texts = (course.rendered(base, course.turns, nothing, nothing, system) for system in systems)
    prompts = max(likely_tokens(text) for text in texts)
    needed = prompts + answers + quoted
    if course.turns > 1 and needed > base.context:
        raise Invalid(
            "duel.too_long",
            f"{course.turns} turns need about {needed} tokens ({prompts} for prompts and frames, {answers} for "
            f"answers of up to {max_tokens}, {quoted} for those that are quoted); {base.id} reads {base.context}. "
            f"Take fewer turns or shorter prompts.",
            field="turns",
            needed=needed,
            context=base.context,
            turns=course.turns,
            max_tokens=max_tokens,
        )
