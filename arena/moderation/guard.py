"""The guard: a second opinion by a model that was trained to judge texts, served like any other model.

It is asked over the OpenAI-compatible chat door, with the text as the only message: guard models bring their own
template and instructions, and a text cannot argue with instructions that are not there. It can make a verdict stricter,
never milder, and silence counts as a doubt.
"""

import re
from dataclasses import dataclass
from typing import Protocol

import structlog

from arena.config import Settings
from arena.kit.chat import NoAnswer, ask
from arena.moderation.rules import Action

MAX_WORD_CHARS = 200
"""Of the guard's word that is kept in a record."""
_SAFETY = re.compile(r"^(?:safety:)?\s*(safe|unsafe|controversial)\b", re.IGNORECASE)
_ANSWERS = {
    "safe": (Action.PASS, "guard.safe"),
    "controversial": (Action.HOLD, "guard.controversial"),
    "unsafe": (Action.BLOCK, "guard.unsafe"),
}

log = structlog.get_logger()


@dataclass(frozen=True)
class Opinion:
    action: Action
    reason: str
    word: str | None = None
    """What the model said, in its own words."""


class Guard(Protocol):
    async def judge(self, text: str) -> Opinion:
        """Never raises: what cannot be judged is held."""
        ...


class NoGuard:
    """The default: the lists alone decide."""

    async def judge(self, text: str) -> Opinion:
        return Opinion(Action.PASS, "guard.none")


@dataclass(frozen=True)
class ChatGuard:
    """A model behind `POST {url}/v1/chat/completions`."""

    url: str
    model: str
    token: str
    seconds: float
    """For the whole answer, however slowly it drips in."""

    async def judge(self, text: str) -> Opinion:
        try:
            word = await ask(
                self.url,
                self.model,
                [{"role": "user", "content": text}],
                token=self.token,
                max_tokens=64,
                seconds=self.seconds,
            )
        except NoAnswer as error:
            log.warning("guard_unavailable", error=str(error))
            return Opinion(Action.HOLD, "guard.unavailable")
        return understood(word)


def understood(word: str) -> Opinion:
    """The first line of a guard's answer: Llama Guard's `safe`/`unsafe` or Qwen3Guard's `Safety: Controversial`.

    Anything else is held: a model that babbles has not judged.
    """
    kept = word.strip().replace("\x00", "\ufffd")[:MAX_WORD_CHARS]
    found = _SAFETY.match(kept)
    if found is None:
        return Opinion(Action.HOLD, "guard.unclear", kept)
    return Opinion(*_ANSWERS[found[1].lower()], kept)


def guard_of(settings: Settings) -> Guard:
    if settings.guard_url is None:
        return NoGuard()
    return ChatGuard(
        settings.guard_url,
        settings.guard_model,
        settings.guard_token.get_secret_value(),
        settings.guard_seconds,
    )
