"""The whole check of a data set: one pass over what was sent, one over its canonical form for the cleaned version.

Runs in the lab's sandbox on bytes from strangers. Memory is bounded by the number of rows (about 180 bytes each) and
the longest row; the texts themselves go by in batches.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any, BinaryIO

import numpy as np
import orjson

from arena.moderation.engine import Engine
from arena.moderation.rules import Action
from arena.submissions.datasets import duplicates, personal
from arena.submissions.datasets.contracts import (
    GROWTH,
    MAX_EXAMPLES,
    Cleaned,
    DatasetReport,
    Example,
    Form,
    Lengths,
    Source,
    Spread,
    Version,
)
from arena.submissions.datasets.duplicates import Earlier
from arena.submissions.datasets.findings import FIRST_TAKES, Ledger, excerpt
from arena.submissions.datasets.lines import BadFile, read_lines
from arena.submissions.datasets.overlap import overlapping
from arena.submissions.datasets.parquet import read_parquet
from arena.submissions.datasets.rows import BadRow, Row, form_of, read_row, texts_of
from arena.submissions.datasets.units import Hashes, Units, units_of
from arena.submissions.refusals import shown

BATCH = 1 << 18
"""Characters that are looked at together."""
ONE_SIDED = 0.05
"""KTO: a smaller share of one label than this teaches little."""

CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
"""Control characters, directions and invisible marks, which are in no honest answer. The joiners (U+200C, U+200D) that
some scripts and emoji need stay.
"""

_REASON = {code: number for number, code in enumerate(FIRST_TAKES, start=1)}
_TEXTS = 3
"""Per row, for the units: what the system says, what is asked, what is answered."""


@dataclass(frozen=True)
class Caps:
    max_bytes: int
    """Of the file."""
    max_rows: int = 1_000_000
    max_row_bytes: int = 1 << 20


def check_dataset(
    file: BinaryIO,
    source: Source,
    caps: Caps,
    engine: Engine,
    private: Hashes,
    canonical: BinaryIO,
    cleaned: BinaryIO,
    canaries: Sequence[tuple[str, str]] = (),
) -> DatasetReport:
    """Look at every row of `file`. What is wrong is in the report, never raised.

    `canonical` is written, read again and left open; it is a data set to train on only when the report says so, and so
    with `cleaned`. `private` are the sorted hashes of `overlap.private_grams`. `canaries` are
    (suite, its canary). Raises MemoryError when the file does
    not fit into what the process may use.
    """
    check = _Check(caps, engine, private, canonical, canaries)
    try:
        check.read(file, source)
        readable = True
    except BadFile as bad:
        check.ledger.file(bad.code, **bad.detail)
        readable = False
    check.flush()
    check.compare()
    return check.report(source, cleaned if readable else None)


class _Check:
    def __init__(
        self,
        caps: Caps,
        engine: Engine,
        private: Hashes,
        canonical: BinaryIO,
        canaries: Sequence[tuple[str, str]],
    ) -> None:
        self.ledger = Ledger()
        self._caps = caps
        self._engine = engine
        self._private = private
        self._canonical = canonical
        self._canaries = [(suite, canary.casefold()) for suite, canary in canaries if canary]
        self._hash = sha256()
        self._form: Form | None = None
        self._read = 0
        self._bytes = 0
        self._batch: list[tuple[int, Row, bytes]] = []
        self._batched = 0
        # One entry per good row.
        self._numbers = array("I")
        self._offsets = array("Q")
        self._out = array("B")
        """Why it is left out of the cleaned version: a number of _REASON, 0 when it stays."""
        self._changes = array("B")
        self._characters, self._units, self._messages = array("Q"), array("Q"), array("Q")
        self._index = duplicates.Index(caps.max_rows)
        self._labels: Counter[str] = Counter()
        self._roles: Counter[str] = Counter()

    # --- the first pass -------------------------------------------------------------------------------------------

    def read(self, file: BinaryIO, source: Source) -> None:
        """Raises BadFile."""
        size = file.seek(0, 2)
        file.seek(0)
        if size == 0:
            raise BadFile("dataset.empty")
        if size > self._caps.max_bytes:
            raise BadFile("dataset.too_large", bytes=size, limit=self._caps.max_bytes)
        for number, value in self._rows(file, source):
            if self._read == self._caps.max_rows:
                raise BadFile("dataset.too_many_rows", limit=self._caps.max_rows)
            self._read += 1
            try:
                self._take(number, value)
            except BadRow as bad:
                self.ledger.row(bad.code, number, bad.place, bad.text)
        if self._read == 0:
            raise BadFile("dataset.empty")

    def _rows(self, file: BinaryIO, source: Source) -> Iterator[tuple[int, Any]]:
        if source == "jsonl":
            return read_lines(file, self._caps.max_row_bytes, self.ledger)
        return read_parquet(file, self._caps.max_rows, self.ledger)

    def _take(self, number: int, value: Any) -> None:
        """Raises BadRow, and BadFile when the data set is none at all or unpacks to too much."""
        if isinstance(value, BadRow):
            raise value
        if self._form is None and isinstance(value, dict):
            self._form = form_of(value)
            if self._form is None:
                names = [shown(name) for name in list(value)[:20]]
                raise BadFile("dataset.unknown_form", row=number, fields=names)
        row, unknown = read_row(value, self._form or "messages")
        line = row.canonical() + b"\n"
        if len(line) > GROWTH * self._caps.max_row_bytes:
            raise BadRow("dataset.row_too_long")
        if self._bytes + len(line) > GROWTH * self._caps.max_bytes:
            raise BadFile("dataset.text_too_large", after_row=number, limit=self._caps.max_bytes)
        for name in unknown:
            self.ledger.field(name)
        self._canonical.write(line)
        self._hash.update(line)
        self._offsets.append(self._bytes)
        self._bytes += len(line)
        self._batch.append((number, row, line))
        self._batched += len(line)
        if self._batched >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Look into the texts of the rows that have gathered."""
        if not self._batch:
            return
        begin = len(self._numbers)
        wholes: list[str] = []
        parts: list[str] = []
        for number, row, _ in self._batch:
            self._numbers.append(number)
            self._out.append(0)
            self._changes.append(0)
            self._messages.append(len(row.asked) + len(row.answered))
            self._look_at_messages(len(self._numbers) - 1, row)
            system = [one["content"] for one in row.asked if one["role"] == "system"]
            asked = [one["content"] for one in row.asked if one["role"] != "system"]
            parts += ("\n".join(system), "\n".join(asked), "\n".join(one["content"] for one in row.answered))
            wholes.append("\n".join(parts[-_TEXTS:]))
            self._characters.append(sum(len(one["content"]) for one in (*row.asked, *row.answered)))
        self._moderate(begin, wholes)
        self._look_for_canaries(begin, wholes)
        units = units_of(parts)
        self._units.extend(np.bincount(units.text // _TEXTS, minlength=len(wholes)).tolist())
        self._compare_with_private(begin, wholes, units)
        self._remember(units)
        self._batch, self._batched = [], 0

    def _look_at_messages(self, index: int, row: Row) -> None:
        found: dict[str, tuple[str, str, int]] = {}
        for place, message in texts_of(row):
            text = message["content"]
            self._roles[message["role"]] += 1
            if (odd := CONTROL.search(text)) is not None:
                found.setdefault("dataset.control_characters", (place, text, odd.start()))
            for span in personal.find(text):
                found.setdefault(span.code, (place, text, span.start))
        for code, (place, text, at) in found.items():
            self.ledger.row(code, self._numbers[index], place, text, at)
            self._changes[index] = 1
        if row.label is not None:
            self._labels["true" if row.label else "false"] += 1
        if row.form == "preference" and row.value["chosen"] == row.value["rejected"]:
            self._leave_out(index, "dataset.same_answers")
            self.ledger.row(
                "dataset.same_answers",
                self._numbers[index],
                "rejected[0].content",
                row.answered[-1]["content"],
            )

    def _moderate(self, begin: int, texts: list[str]) -> None:
        for index, verdict in enumerate(self._engine.check_all(texts), start=begin):
            if verdict.action is Action.PASS:
                continue
            code = _MODERATION[verdict.action]
            # The category and never the term: nobody shall read the word lists out by trying.
            self.ledger.row(code, self._numbers[index])
            self.ledger.count(code, "categories", verdict.category)
            if verdict.refused:
                self._leave_out(index, code)

    def _look_for_canaries(self, begin: int, texts: list[str]) -> None:
        for index, text in enumerate(texts, start=begin):
            found = [suite for suite, canary in self._canaries if canary in text.casefold()]
            for suite in found:
                self.ledger.count("dataset.canary", "suites", suite)
            if found:
                self._leave_out(index, "dataset.canary")
                self.ledger.row("dataset.canary", self._numbers[index], text=texts[index - begin].lstrip())

    def _compare_with_private(self, begin: int, texts: list[str], units: Units) -> None:
        hit = overlapping(units, _TEXTS * len(texts), self._private).reshape(-1, _TEXTS).any(1)
        for place in np.flatnonzero(hit).tolist():
            self._leave_out(begin + place, "dataset.benchmark_overlap")
            self.ledger.row(
                "dataset.benchmark_overlap", self._numbers[begin + place], text=texts[place].lstrip()
            )

    def _remember(self, units: Units) -> None:
        spoken = units.text % _TEXTS > 0
        text = units.text[spoken]
        halves = Units(units.hash[spoken], units.dense[spoken], text // _TEXTS * 2 + text % _TEXTS - 1)
        whole = [_hash64(line) for _, _, line in self._batch]
        texts = [
            _hash64(line.replace(b'"label":true', b'"label":0').replace(b'"label":false', b'"label":0'))
            if row.form == "kto"
            else found
            for (_, row, line), found in zip(self._batch, whole, strict=True)
        ]
        labels = [-1 if row.label is None else int(row.label) for _, row, _ in self._batch]
        self._index.add(
            np.array(whole, np.uint64), np.array(texts, np.uint64), np.array(labels, np.int8), halves
        )

    def _leave_out(self, index: int, code: str) -> None:
        reason = _REASON[code]
        if not self._out[index] or reason < self._out[index]:
            self._out[index] = reason

    # --- rows against rows ----------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Every row has been seen: find those that repeat others."""
        if not self._numbers:
            return
        contradictions = self._index.contradictions()
        self._note("dataset.contradiction", contradictions)
        exact = self._index.exact()
        self._note("dataset.duplicate", exact)
        near = self._index.near(exact >= 0)
        self._note("dataset.near_duplicate", near)
        most = max(self._labels.values(), default=0)
        if self._form == "kto" and most > (1 - ONE_SIDED) * len(self._numbers):
            self.ledger.file("dataset.one_sided_labels", **self._labels)

    def _note(self, code: str, earlier: Earlier) -> None:
        rows = np.flatnonzero(earlier >= 0).tolist()
        for row in rows:
            self._leave_out(row, code)
        examples = [
            Example(
                row=self._numbers[row],
                other=self._numbers[int(earlier[row])],
                excerpt=excerpt(self._first_text(row)),
            )
            for row in rows[:MAX_EXAMPLES]
        ]
        self.ledger.rows(code, len(rows), examples)

    def _first_text(self, index: int) -> str:
        """What is asked in a good row."""
        self._canonical.flush()
        self._canonical.seek(self._offsets[index])
        value = orjson.loads(self._canonical.readline())
        talk = value.get("prompt") or value["messages"]
        return next((one["content"] for one in talk if one["role"] != "system"), "")

    # --- the end --------------------------------------------------------------------------------------------------

    def report(self, source: Source, cleaned: BinaryIO | None) -> DatasetReport:
        good = len(self._numbers)
        found = DatasetReport(
            source=source,
            form=self._form,
            rows=self._read,
            findings=self.ledger.findings(),
            lengths=Lengths(
                characters=_spread(self._characters),
                units=_spread(self._units),
                messages=_spread(self._messages),
            )
            if good
            else None,
            labels={name: self._labels[name] for name in ("true", "false")} if self._form == "kto" else None,
            roles=dict(sorted(self._roles.items())),
            near_threshold=duplicates.THRESHOLD,
            word_lists=self._engine.digest,
            private_grams=len(self._private),
        )
        whole = None
        if found.refused is None and good:
            whole = Version(rows=good, bytes=self._bytes, sha256=self._hash.hexdigest())
        rest = self._clean(cleaned) if cleaned is not None and good else None
        return found.model_copy(update={"canonical": whole, "cleaned": rest})

    def _clean(self, out: BinaryIO) -> Cleaned | None:
        """Write what is left; None when that is everything or nothing."""
        removed = Counter({one.code: one.rows for one in self.ledger.findings() if one.code in _BROKEN_ROW})
        changed: Counter[str] = Counter()
        digest, rows, size = sha256(), 0, 0
        self._canonical.flush()
        self._canonical.seek(0)
        for index, line in enumerate(self._canonical):
            if self._out[index]:
                removed[FIRST_TAKES[self._out[index] - 1]] += 1
                continue
            if self._changes[index]:
                made, codes = without_private_data(line)
                if made is None:
                    removed["dataset.control_characters"] += 1
                    continue
                line = made
                changed.update(codes)
            out.write(line)
            digest.update(line)
            rows += 1
            size += len(line)
        out.flush()
        if rows == 0 or not (removed or changed):
            return None
        return Cleaned(
            rows=rows, bytes=size, sha256=digest.hexdigest(), removed=dict(removed), changed=dict(changed)
        )


_MODERATION = {
    Action.BLOCK: "dataset.moderation_blocked",
    Action.HOLD: "dataset.moderation_held",
    Action.FLAG: "dataset.moderation_flagged",
}
_BROKEN_ROW = frozenset(FIRST_TAKES[: FIRST_TAKES.index("dataset.empty_text") + 1])
"""Rows that never became canonical ones."""


def without_private_data(line: bytes) -> tuple[bytes | None, set[str]]:
    """A canonical line with placeholders for personal data and without control characters, and what was done.

    None when a text would be empty.
    """
    value = orjson.loads(line)
    done: set[str] = set()
    for name, messages in value.items():
        for message in messages if name != "label" else ():
            text = CONTROL.sub("", message["content"])
            if text != message["content"]:
                done.add("dataset.control_characters")
            text, spans = personal.mask(text)
            done.update(span.code for span in spans)
            if not text or text.isspace():
                return None, done
            message["content"] = text
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS) + b"\n", done


def _hash64(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def _spread(values: "array[int]") -> Spread:
    found = np.frombuffer(values, np.uint64)
    ranked = np.sort(found)
    count = len(ranked)
    return Spread(
        least=int(ranked[0]),
        median=int(ranked[count // 2]),
        p95=int(ranked[min(count - 1, count * 95 // 100)]),
        most=int(ranked[-1]),
        total=int(found.sum()),
    )
