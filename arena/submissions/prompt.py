"""A contestant's system prompt, read strictly. Standard library only.

It is data: inserted by our code into the frozen template, never rendered as a template itself, and it can neither end
its place there nor open another one.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from arena.kit.names import BANNED, BLANK
from arena.shows.base_models import BaseModel
from arena.submissions.artifacts import MAX_PROMPT_BYTES
from arena.submissions.checklist import line_of
from arena.submissions.contracts import Check, Refusal
from arena.submissions.refusals import AdapterRefused

CHECKS = ("text", "template", "special", "length")

_TEMPLATE = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}|\{(?:prompt|system)\}", re.IGNORECASE)
"""Jinja's marks, and the names of the places in our own templates."""

_SPECIAL = re.compile(
    r"<\|[^<>|\n]{1,40}\|>"  # <|im_start|>, <|begin_of_text|>, <|endoftext|>
    r"|<[｜▁][^<>\n]{1,60}>"  # <｜begin▁of▁sentence｜>
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|IMG|gMASK|sMASK|multimodal)\]"
    r"|<</?SYS>>|</?s>|<0x[0-9A-F]{2}>"
    r"|<(?:bos|eos|pad|unk|mask|cls|sep|sop|eop|eod)>"
    r"|<(?:start|end)_of_[a-z]{2,12}>|<unused[0-9]{1,4}>|<image_soft_token>",
    re.IGNORECASE,
)
"""What the tokenizers of the usual base models read as a token of its own, and the roles that their templates know."""


@dataclass(frozen=True)
class PromptReading:
    """`text` is the canonical form and is there only when `refusal` is None."""

    checks: list[Check]
    refusal: Refusal | None
    text: str = ""


def read_prompt(data: bytes, base: BaseModel, max_chars: int) -> PromptReading:
    """Run every check that the earlier ones leave possible. Refusals are in the result, not raised."""
    found: dict[str, list[AdapterRefused]] = {}  # absent: not reached
    text = ""
    try:
        text = canonical_text(data)
        found["text"] = list(_foreign_characters(text))
    except AdapterRefused as refusal:
        found["text"] = [refusal]
    else:
        found["template"] = list(_template_syntax(text))
        found["special"] = list(_special_tokens(text, base))
        found["length"] = _length(text, max_chars)
    checks = [line_of(code, found.get(code)) for code in CHECKS]
    first = next((problem for code in CHECKS for problem in found.get(code, [])), None)
    if first is not None:
        return PromptReading(checks, Refusal(code=first.code, message=first.message))
    return PromptReading(checks, None, text)


def canonical_text(data: bytes) -> str:
    """The text in NFC, with plain line breaks and nothing blank around it. Raises AdapterRefused."""
    if len(data) > MAX_PROMPT_BYTES:
        detail = {"bytes": len(data), "limit": MAX_PROMPT_BYTES}
        raise AdapterRefused(
            "upload.too_large", f"The prompt is larger than {MAX_PROMPT_BYTES} bytes.", detail
        )
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        said = "The prompt is not UTF-8 text."
        raise AdapterRefused("prompt.not_utf8", said, {"byte": error.start}) from None
    lines = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    text = "\n".join(line.rstrip() for line in lines).strip()
    if not any(unicodedata.category(char)[0] in "LNPS" for char in text):
        raise AdapterRefused("prompt.empty", "The prompt says nothing.")
    return text


def _foreign_characters(text: str) -> Iterator[AdapterRefused]:
    """Whatever nobody sees, or what makes people see another text than the model reads. Each character once."""
    seen = set()
    for line, content in enumerate(text.split("\n"), start=1):
        for char in content:
            hidden = char in BLANK or unicodedata.category(char) in BANNED or _is_selector(char)
            if hidden and char != "\t" and char not in seen:
                seen.add(char)
                sign = f"U+{ord(char):04X}"
                said = f"Line {line} holds the invisible or private character {sign}."
                yield AdapterRefused("prompt.character", said, {"character": sign, "line": line})


def _is_selector(char: str) -> bool:
    """Variation selectors can carry a hidden text; the two that choose between a sign and its emoji cannot."""
    return "\ufe00" <= char <= "\ufe0d" or "\U000e0100" <= char <= "\U000e01ef"


def _template_syntax(text: str) -> Iterator[AdapterRefused]:
    for found, line in _first_of_each(_TEMPLATE, text):
        said = f"Line {line} holds “{found}”, a template's syntax. Nothing is filled in: the prompt is used as it is."
        yield AdapterRefused("prompt.template_not_allowed", said, {"found": found, "line": line})


def _special_tokens(text: str, base: BaseModel) -> Iterator[AdapterRefused]:
    """In the text as it is and as it looks: a full-width `＜ｅｏｓ＞` is meant to be read as one by somebody."""
    named = set()
    for form in (text, unicodedata.normalize("NFKC", text)):
        frame = re.compile("^" + re.escape(base.frame.strip("\n")), re.MULTILINE)
        for found, line in (*_first_of_each(_SPECIAL, form), *_first_of_each(frame, form)):
            if found not in named:
                named.add(found)
                said = f"Line {line} holds “{found}”, which belongs to the model's template or tokenizer."
                yield AdapterRefused("prompt.special_tokens", said, {"found": found, "line": line})


def _first_of_each(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, int]]:
    """(what was found, its line), each finding once. What these patterns find is short and printable."""
    seen = set()
    for match in pattern.finditer(text):
        if match[0] not in seen:
            seen.add(match[0])
            yield match[0], text.count("\n", 0, match.start()) + 1


def _length(text: str, limit: int) -> list[AdapterRefused]:
    if len(text) <= limit:
        return []
    said = f"The prompt has {len(text)} characters; {limit} are allowed."
    return [AdapterRefused("prompt.too_long", said, {"length": len(text), "limit": limit})]
