"""What of an answer would tell who wrote it, made unreadable until the reveal: names, and marks that nobody sees.

Words are looked for by the moderation engine, so that “L-a-n-t-e-r-n” and a name with an invisible mark in it are the
name. The record keeps the text as it is; this is only about what is shown.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

from arena.moderation.public import Action, Engine, Term, word_list

BLOCK = "▇▇"
"""Stands for whatever was redacted, however long it was: its length would be a hint."""

_MODELS = (
    "ChatGPT", "GPT-3", "GPT-3.5", "GPT-4", "GPT-4o", "GPT-5", "GPT-OSS", "Gemma", "Qwen", "Qwen2", "Qwen2.5", "Qwen3",
    "QwQ", "DeepSeek", "SmolLM", "SmolLM2", "SmolLM3", "TinyLlama", "ChatGLM", "InternLM", "MiniCPM", "Hunyuan",
    "ERNIE Bot", "Mixtral", "通义千问", "千问", "文心一言", "讯飞星火", "智谱清言", "腾讯混元", "书生浦语",
    "深度求索", "豆包大模型",
)  # fmt: skip
"""Names that mean nothing but a model."""
_AMBIGUOUS = (
    "Claude", "Gemini", "Llama", "Mistral", "Phi", "Falcon", "Yi", "Grok", "Kimi", "GLM", "GPT", "Bard", "Baichuan",
    "豆包", "混元", "文心", "星火", "百川",
)  # fmt: skip
"""Names that mean other things too: a llama in a poem stays, “I am Llama” does not."""
_MAKERS = (
    "Google", "Google DeepMind", "DeepMind", "OpenAI", "Anthropic", "Meta", "Meta AI", "Alibaba", "Alibaba Cloud",
    "Microsoft", "Mistral AI", "Baidu", "Tencent", "ByteDance", "Moonshot AI", "Hugging Face", "Zhipu AI", "xAI",
    "谷歌", "阿里", "阿里云", "阿里巴巴", "百度", "腾讯", "字节跳动", "月之暗面", "智谱", "微软", "华为",
)  # fmt: skip
_SELVES = ("I am", "I'm", "my name is", "call me", "我是", "我叫", "我的名字是", "我的名字叫")
_MADE = ("trained by", "developed by", "created by", "made by", "built by", "designed by")
_MADE_ZH = ("训练的", "开发的", "研发的", "推出的", "训练", "开发", "研发")


def _chinese(word: str) -> bool:
    return word[:1] >= "\u2e80"


@lru_cache(1)
def identity_words() -> tuple[str, ...]:
    """The names of models, and the sentences in which an answer says who made it."""
    said = [
        f"{self}{'' if _chinese(self) else ' '}{who}" for self in _SELVES for who in (*_AMBIGUOUS, *_MAKERS)
    ]
    made = [
        *(f"{how} {maker}" for how in _MADE for maker in _MAKERS if not _chinese(maker)),
        *(f"由{maker}{how}" for how in _MADE_ZH for maker in _MAKERS),
        *(f"{maker}{how}" for how in _MADE_ZH for maker in _MAKERS if _chinese(maker)),
    ]
    return tuple(dict.fromkeys((*_MODELS, *said, *made)))


_EMOJI = "\u203c-\u3299\U0001f000-\U0001faff\ufe0f"
_UNSEEN = re.compile(
    # What joins two emoji is part of a picture.
    f"(?:(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])"
    "|[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff])+"
)
"""Characters that have no ink, or turn the writing round: a mark in them would be a signature that only one reads."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Redactor:
    """Of one duel: the names of its two sides, and the words that all duels share."""

    names: tuple[str, ...] = ()

    @cached_property
    def reach(self) -> int:
        """How much of the end of a growing text is not decided yet, as more of it may complete a match."""
        longest = max(map(len, chain(identity_words(), self.names)))
        return 2 * longest + 2

    def spans(self, text: str) -> list[Span]:
        """What is to be redacted, in order and apart from each other."""
        found = [mark.span() for mark in _UNSEEN.finditer(text)]
        for engine in (_engine(identity_words()), _engine(self.names)):
            if engine is not None:
                found += [(match.start, match.end) for match in engine.check(text).matches]
        merged: list[Span] = []
        for start, end in sorted(found):
            if merged and start <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(end, merged[-1][1])
            else:
                merged.append((start, end))
        return merged

    def shown(self, text: str, chars: int) -> str:
        """The first `chars` characters as they may be read. What has begun to be redacted is redacted whole."""
        parts, done = [], 0
        for start, end in self.spans(text):
            if start >= chars:
                break
            parts += [text[done:start], BLOCK]
            done = end
        return "".join([*parts, text[done:chars]])


@lru_cache(64)
def _engine(words: tuple[str, ...]) -> Engine | None:
    """The words that can be looked for: a single letter or digit would hit everywhere, and is none."""
    terms: dict[str, Term] = {}
    for word in words:
        for own in word_list("identity", (Term(word, "und", "identity", Action.BLOCK),)).forms:
            if len(own) > 1 or _chinese(own):
                terms.setdefault(own, Term(word, "und", "identity", Action.BLOCK))
    return Engine([word_list("identity", tuple(terms.values()))]) if terms else None
