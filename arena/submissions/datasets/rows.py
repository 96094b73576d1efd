"""One row of a data set: what it must look like, and its canonical form.

Training gets one shape only: every text is a list of messages, whatever it was sent as, because every text passes the
base model's one chat template.

    messages    {"messages": [...]}                              ends with the assistant
    preference  {"chosen": [...], "prompt": [...], "rejected": [...]}
    kto         {"completion": [...], "label": true, "prompt": [...]}
"""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from arena.submissions.datasets.contracts import Form
from arena.submissions.refusals import shown
from arena.submissions.strict_json import DuplicateKeyError, StrictJsonError, parse

MAX_MESSAGES = 256
MAX_DEPTH = 16
"""Far more than any form has; what nobody asked for may be a little deeper than that."""

FIELDS: dict[Form, tuple[str, ...]] = {
    "messages": ("messages",),
    "preference": ("prompt", "chosen", "rejected"),
    "kto": ("prompt", "completion", "label"),
}
ROLES = ("system", "user", "assistant")

Message = dict[str, str]

_KEY_END = re.compile(rb'"\s*:')


class BadRow(Exception):
    """This row cannot be used. `code` is one of `findings.KINDS`."""

    def __init__(self, code: str, place: str = "", text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.place = place
        self.text = text


@dataclass(frozen=True, slots=True)
class Row:
    """`value` is in the canonical form; `asked` and `answered` are its two halves as lists of messages."""

    form: Form
    value: dict[str, Any]
    asked: list[Message]
    answered: list[Message]

    @property
    def label(self) -> bool | None:
        return self.value.get("label")

    def canonical(self) -> bytes:
        """One line, without its end. Equal rows have equal bytes."""
        return orjson.dumps(self.value, option=orjson.OPT_SORT_KEYS)


def parse_line(line: bytes) -> Any:
    """The JSON of one line, strictly. Raises BadRow."""
    try:
        value = orjson.loads(line)
        # The quick reader takes the last of two equal keys. What could be the end of a key is one at most as often as
        # the bytes say: when as many keys were read, none was lost.
        if _keys(value, MAX_DEPTH) == len(_KEY_END.findall(line)):
            return value
    except orjson.JSONDecodeError:
        pass  # the slow reader knows why
    try:
        parse(line, MAX_DEPTH)
        return orjson.loads(line)  # the slow reader takes half a character, this one does not
    except DuplicateKeyError as error:
        raise BadRow("dataset.duplicate_key", shown(error.key)) from None
    except (StrictJsonError, orjson.JSONDecodeError) as error:
        raise _why_not_json(line, str(error)) from None


def _keys(value: Any, depth: int) -> int:
    """How many keys `value` has at all levels. Raises BadRow when there are more than `depth` of these."""
    if not isinstance(value, dict | list):
        return 0
    if depth == 0:
        raise BadRow("dataset.too_deep")
    found, children = (len(value), value.values()) if isinstance(value, dict) else (0, value)
    for child in children:
        if type(child) is not str:  # what nearly all of them are
            found += _keys(child, depth - 1)
    return found


def _why_not_json(line: bytes, said: str) -> BadRow:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return BadRow("dataset.not_utf8", f"byte {error.start + 1}")
    return BadRow("dataset.too_deep" if "deeply" in said else "dataset.not_json", text=text[:200])


def form_of(value: Any) -> Form | None:
    """Which form a row's fields belong to, complete or not."""
    if not isinstance(value, dict):
        return None
    if "messages" in value:
        return "messages"
    if "chosen" in value or "rejected" in value:
        return "preference"
    return "kto" if "completion" in value and "label" in value else None


def read_row(value: Any, form: Form) -> tuple[Row, list[str]]:
    """The row in its canonical form, and the names of fields that were left out. Raises BadRow."""
    if not isinstance(value, dict):
        raise BadRow("dataset.not_json")
    for name in FIELDS[form]:
        if name not in value:
            other = form_of(value)
            raise BadRow(
                "dataset.mixed_forms" if other not in (None, form) else "dataset.missing_field", name
            )
    if form != "messages" and "messages" in value:
        raise BadRow("dataset.mixed_forms", "messages")
    unknown = [name for name in value if name not in FIELDS[form]]
    if form == "messages":
        talk = _messages(value["messages"], "messages", unknown, ends="assistant")
        return Row(form, {"messages": talk}, talk[:-1], talk[-1:]), unknown
    prompt = _text(value["prompt"], "prompt", unknown)
    if form == "preference":
        chosen, rejected = (_text(value[name], name, unknown) for name in ("chosen", "rejected"))
        made = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
        return Row(form, made, prompt, [*chosen, *rejected]), unknown
    if not isinstance(value["label"], bool):
        raise BadRow("dataset.wrong_type", "label")
    answer = _text(value["completion"], "completion", unknown)
    return Row(
        form, {"prompt": prompt, "completion": answer, "label": value["label"]}, prompt, answer
    ), unknown


def _text(value: Any, place: str, unknown: list[str]) -> list[Message]:
    """A question or an answer, which may be a plain text or messages."""
    asks = place == "prompt"
    if isinstance(value, str):
        value = [{"role": "user" if asks else "assistant", "content": value}]
        return _messages(value, place, unknown, ends=value[0]["role"], starts=value[0]["role"])
    return _messages(
        value,
        place,
        unknown,
        ends="user" if asks else "assistant",
        starts="user" if asks else "assistant",
    )


def _messages(
    value: Any, place: str, unknown: list[str], *, ends: str, starts: str = "user"
) -> list[Message]:
    if not isinstance(value, list):
        raise BadRow("dataset.wrong_type", place)
    if not value:
        raise BadRow("dataset.empty_text", place)
    if len(value) > MAX_MESSAGES:
        raise BadRow("dataset.too_many_messages", place)
    found = [_message(one, f"{place}[{number}]", unknown) for number, one in enumerate(value)]
    turns = found[1:] if starts == "user" and found[0]["role"] == "system" else found
    expected = starts
    for number, message in enumerate(turns, len(found) - len(turns)):
        if message["role"] != expected:
            raise BadRow("dataset.role_order", f"{place}[{number}].role")
        expected = "assistant" if expected == "user" else "user"
    if not turns or turns[-1]["role"] != ends:
        raise BadRow("dataset.role_order", f"{place}[{len(found) - 1}].role")
    return found


def _message(value: Any, place: str, unknown: list[str]) -> Message:
    if not isinstance(value, dict):
        raise BadRow("dataset.wrong_type", place)
    for name in ("role", "content"):
        if name not in value:
            raise BadRow("dataset.missing_field", f"{place}.{name}")
        if not isinstance(value[name], str):
            raise BadRow("dataset.wrong_type", f"{place}.{name}")
    if value["role"] not in ROLES:
        raise BadRow("dataset.unknown_role", f"{place}.role", value["role"])
    if not value["content"] or value["content"].isspace():
        raise BadRow("dataset.empty_text", f"{place}.content")
    if len(value) > 2:
        unknown += [name for name in value if name not in ("role", "content")]
    return {"content": value["content"], "role": value["role"]}


def texts_of(row: Row) -> list[tuple[str, Message]]:
    """Every message with its place in the canonical row."""
    return [
        (f"{name}[{number}].content", message)
        for name, messages in row.value.items()
        if name != "label"
        for number, message in enumerate(messages)
    ]
