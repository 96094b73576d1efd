"""What can be found in a data set: how bad it is, and what the cleaned version does about it."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from arena.submissions.datasets.contracts import MAX_EXAMPLES, Example, Finding, Remedy, Severity
from arena.submissions.datasets.personal import mask
from arena.submissions.refusals import shown

EXCERPT = 80
MAX_FIELDS = 20


CHECKS = ("files", "format", "rows", "texts", "personal", "repeats", "overlap")
"""The lines of a data set's checklist."""


@dataclass(frozen=True)
class Kind:
    check: str
    severity: Severity
    remedy: Remedy
    message: str


KINDS: Mapping[str, Kind] = {
    # the file: nothing can be done without another file
    "dataset.too_large": Kind("files", "refused", "none", "The file is larger than a data set may be."),
    "dataset.archive": Kind(
        "files", "refused", "none", "The file is an archive. Unpack it and send what is inside."
    ),
    "dataset.encoding": Kind("files", "refused", "none", "The file is not UTF-8 text. Save it as UTF-8."),
    "dataset.wrong_format": Kind("files", "refused", "none", "The content is not what the file's name says."),
    "dataset.json_array": Kind(
        "format", "refused", "none", "The file is one JSON array. A JSONL file has one object on each line."
    ),
    "dataset.parquet_invalid": Kind(
        "format", "refused", "none", "This is not a Parquet file that can be read."
    ),
    "dataset.parquet_schema": Kind(
        "format", "refused", "none", "A Parquet column has a type that no form has."
    ),
    "dataset.unknown_form": Kind(
        "format", "refused", "none", "The rows are in none of the three forms: messages, preference, KTO."
    ),
    "dataset.empty": Kind("format", "refused", "none", "There are no rows."),
    "dataset.too_many_rows": Kind(
        "format", "refused", "none", "There are more rows than a data set may have."
    ),
    "dataset.text_too_large": Kind(
        "format", "refused", "none", "Unpacked, the rows are larger than a data set may be."
    ),
    # a row: it can be left out
    "dataset.not_utf8": Kind("rows", "refused", "removed", "A row holds bytes that are not UTF-8."),
    "dataset.not_json": Kind("rows", "refused", "removed", "A row is not one strict JSON object."),
    "dataset.duplicate_key": Kind("rows", "refused", "removed", "A row names a field twice."),
    "dataset.too_deep": Kind("rows", "refused", "removed", "A row is nested deeper than any form."),
    "dataset.row_too_long": Kind("rows", "refused", "removed", "A row is longer than a row may be."),
    "dataset.mixed_forms": Kind("rows", "refused", "removed", "A row is in another form than the first row."),
    "dataset.missing_field": Kind("rows", "refused", "removed", "A row lacks a field of its form."),
    "dataset.wrong_type": Kind("rows", "refused", "removed", "A field is of the wrong type."),
    "dataset.too_many_messages": Kind(
        "rows", "refused", "removed", "A row has more messages than a row may have."
    ),
    "dataset.unknown_role": Kind(
        "rows", "refused", "removed", "A message is by nobody: only system, user and assistant speak."
    ),
    "dataset.role_order": Kind(
        "rows",
        "refused",
        "removed",
        "The messages are out of turn: an optional system first, then user and assistant in turns.",
    ),
    "dataset.empty_text": Kind("rows", "refused", "removed", "A text is empty."),
    "dataset.moderation_blocked": Kind("texts", "refused", "removed", "A text breaks the rules of the show."),
    "dataset.moderation_held": Kind(
        "texts", "refused", "removed", "A text would have to be looked at by a moderator."
    ),
    # a row that can be used, and is better left out or changed
    "dataset.benchmark_overlap": Kind(
        "overlap",
        "warning",
        "removed",
        "A text repeats a question of the benchmark. The producers can see this.",
    ),
    "dataset.canary": Kind(
        "overlap",
        "warning",
        "removed",
        "A text holds the canary of a benchmark: it was copied out of its files. The producers can see this.",
    ),
    "dataset.same_answers": Kind(
        "repeats", "warning", "removed", "The chosen and the rejected answer are the same."
    ),
    "dataset.contradiction": Kind(
        "repeats", "warning", "removed", "The same prompt and answer are labelled true and false."
    ),
    "dataset.duplicate": Kind("repeats", "warning", "removed", "A row repeats an earlier one exactly."),
    "dataset.near_duplicate": Kind(
        "repeats", "warning", "removed", "A row is nearly the same as an earlier one."
    ),
    "dataset.control_characters": Kind(
        "texts", "warning", "changed", "A text holds control, direction or invisible characters."
    ),
    "dataset.personal_email": Kind(
        "personal", "warning", "changed", "A text seems to hold an e-mail address."
    ),
    "dataset.personal_phone": Kind(
        "personal", "warning", "changed", "A text seems to hold a telephone number."
    ),
    "dataset.personal_id": Kind(
        "personal", "warning", "changed", "A text seems to hold a Chinese resident identity number."
    ),
    "dataset.personal_card": Kind(
        "personal", "warning", "changed", "A text seems to hold the number of a bank card."
    ),
    "dataset.personal_ip": Kind("personal", "warning", "changed", "A text seems to hold an IP address."),
    # good to know
    "dataset.one_sided_labels": Kind(
        "repeats", "warning", "none", "Nearly all labels are the same: KTO learns from both."
    ),
    "dataset.unknown_field": Kind("format", "info", "none", "Fields that no form has are left out."),
    "dataset.blank_lines": Kind("format", "info", "none", "Blank lines are skipped."),
    "dataset.bom": Kind(
        "files", "info", "none", "The file begins with a byte order mark, which is left out."
    ),
    "dataset.moderation_flagged": Kind("texts", "info", "none", "The word lists flag a text; it may stay."),
}
"""In the order of the report: the worst first."""

FIRST_TAKES = [code for code, kind in KINDS.items() if kind.remedy == "removed"]
"""Of several reasons to leave a row out, the first here counts."""


def excerpt(text: str, start: int = 0) -> str:
    """Some words from `start` on that may be shown to anybody who may see the report."""
    begin = max(0, start - EXCERPT // 3)
    # Masked before it is cut, with room around, so that no cut leaves half a number behind.
    lead = max(0, begin - 64)
    piece = mask(text[lead : begin + EXCERPT + 64])[0]
    piece = "".join(" " if char.isspace() else char for char in piece if _harmless(char))
    piece = piece[begin - lead :] if len(piece) > begin - lead else piece
    cut = piece[:EXCERPT].strip()
    return ("…" if begin else "") + cut + ("…" if len(piece) > EXCERPT else "")


def _harmless(char: str) -> bool:
    return char.isspace() or unicodedata.category(char)[0] != "C"


@dataclass
class Found:
    rows: int = 0
    examples: list[Example] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)


class Ledger:
    """Counts what is found, with the first examples of each."""

    def __init__(self) -> None:
        self._found: dict[str, Found] = {}

    def file(self, code: str, **detail: Any) -> None:
        """Something about the whole file."""
        self._entry(code).detail.update(detail)

    def row(self, code: str, row: int, place: str = "", text: str = "", at: int = 0) -> None:
        """One row more. `text` is what the excerpt is taken from, around the character `at`."""
        entry = self._entry(code)
        entry.rows += 1
        if len(entry.examples) < MAX_EXAMPLES:
            entry.examples.append(Example(row=row, place=place[:80], excerpt=excerpt(text, at)))

    def field(self, name: object) -> None:
        """A field that is left out; the first few different ones are named."""
        counts = self._entry("dataset.unknown_field").detail.setdefault("fields", {})
        known = shown(name)
        if known in counts or len(counts) < MAX_FIELDS:
            counts[known] = counts.get(known, 0) + 1

    def count(self, code: str, what: str, name: str) -> None:
        counts = self._entry(code).detail.setdefault(what, {})
        counts[name] = counts.get(name, 0) + 1

    def rows(self, code: str, count: int, examples: list[Example], **detail: Any) -> None:
        """Many rows at once."""
        if count:
            entry = self._entry(code)
            entry.rows += count
            entry.examples += examples[: MAX_EXAMPLES - len(entry.examples)]
            entry.detail.update(detail)

    def findings(self) -> list[Finding]:
        return [
            Finding(
                code=code,
                severity=kind.severity,
                remedy=kind.remedy,
                message=kind.message,
                rows=self._found[code].rows,
                examples=sorted(self._found[code].examples, key=lambda example: example.row),
                detail=self._found[code].detail,
            )
            for code, kind in KINDS.items()
            if code in self._found
        ]

    def _entry(self, code: str) -> Found:
        if code not in KINDS:
            raise ValueError(f"{code} is not a registered finding")
        return self._found.setdefault(code, Found())
