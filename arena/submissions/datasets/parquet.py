"""Rows out of a Parquet file. What its footer claims is held against the limits before anything is unpacked.

Only the columns of a form are read, a few rows at a time and without threads, through one open file: the sandbox has
neither threads nor files to give. How large something is unpacked is counted as it comes, not believed; a single page
that is too large for the process meets its memory limit.

What pyarrow says of the pages of a column (`metadata.row_group(…).column(…)`) is not asked for: over broken statistics
it ends the whole process.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import parquet as pq

from arena.submissions.datasets.contracts import Form
from arena.submissions.datasets.findings import Ledger
from arena.submissions.datasets.lines import HEAD, PARQUET, BadFile, refuse_archive
from arena.submissions.datasets.rows import FIELDS, BadRow, form_of
from arena.submissions.refusals import shown

MAX_FOOTER = 4 << 20
"""Bytes. A writer that makes a row group of every thousand rows stays far below."""
MAX_COLUMNS = 256
AT_ONCE = 64
"""Rows. Each may be as long as a row may be, and its text twice in memory."""

_BROKEN = (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError, RecursionError)
"""What pyarrow raises over a file that is not right; text that is not UTF-8 among it."""


def read_parquet(file: BinaryIO, max_rows: int, ledger: Ledger) -> Iterator[tuple[int, Any]]:
    """(row number, value or BadRow). Raises BadFile."""
    _refuse_other_files(file)
    try:
        opened = pq.ParquetFile(
            file,
            memory_map=False,
            pre_buffer=False,
            buffer_size=1 << 16,
            thrift_string_size_limit=MAX_FOOTER,
            thrift_container_size_limit=1 << 16,
        )
        columns = _columns(opened, max_rows, ledger)
    except _BROKEN:
        raise BadFile("dataset.parquet_invalid") from None
    number = 0
    try:
        for batch in opened.iter_batches(batch_size=AT_ONCE, columns=columns, use_threads=False):
            for value in _values(batch):
                number += 1
                yield number, value
    except _BROKEN:
        raise BadFile("dataset.parquet_invalid", after_row=number) from None


def _refuse_other_files(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(HEAD)
    refuse_archive(head)
    if not head.startswith(PARQUET):
        raise BadFile("dataset.wrong_format", looks_like="text" if head[:1] in b"{[ \n" else "other")
    file.seek(max(0, size - 8))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if size < 12 or tail[4:] != PARQUET or length > size - 12 or length > MAX_FOOTER:
        raise BadFile("dataset.parquet_invalid")
    file.seek(0)


def _columns(opened: pq.ParquetFile, max_rows: int, ledger: Ledger) -> list[str]:
    """The columns of the form that the file is in, after a look at everything the footer says."""
    footer = opened.metadata
    if footer.num_rows > max_rows:
        raise BadFile("dataset.too_many_rows", rows=footer.num_rows, limit=max_rows)
    if footer.num_columns > MAX_COLUMNS:
        raise BadFile("dataset.parquet_schema", columns=footer.num_columns, limit=MAX_COLUMNS)
    schema = opened.schema_arrow
    form = form_of(dict.fromkeys(schema.names))
    if form is None:
        raise BadFile("dataset.unknown_form", fields=[shown(name) for name in schema.names[:20]])
    wanted = [name for name in FIELDS[form] if name in schema.names]
    if len(set(schema.names)) < len(schema.names):
        raise BadFile("dataset.parquet_schema", reason="two columns of one name")
    for name in wanted:
        _refuse_type(name, schema.field(name).type, form)
    for name in schema.names:
        if name not in wanted:
            ledger.field(name)
    return wanted


def _refuse_type(name: str, kind: pa.DataType, form: Form) -> None:
    """A text, messages, or the label; `shown` says what a stranger's type is, without its own words."""
    if form == "kto" and name == "label":
        good = bool(pa.types.is_boolean(kind))
    else:
        good = _is_messages(kind) or (form != "messages" and _is_text(kind))
    if not good:
        raise BadFile("dataset.parquet_schema", column=name, type=str(kind.id))


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def _is_messages(kind: pa.DataType) -> bool:
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    item = kind.value_type
    if not pa.types.is_struct(item):
        return False
    fields = {item.field(place).name: item.field(place).type for place in range(item.num_fields)}
    if len(fields) < item.num_fields or item.num_fields > 16:
        return False
    return all(name in fields and _is_text(fields[name]) for name in ("role", "content")) and all(
        not pa.types.is_nested(kind) for kind in fields.values()
    )


def _values(batch: pa.RecordBatch) -> Iterator[Any]:
    """Rows as JSON would have them."""
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError:
        # Row by row, to say which.
        for place in range(batch.num_rows):
            try:
                yield _without_gaps(batch.slice(place, 1).to_pylist()[0])
            except UnicodeDecodeError:
                yield BadRow("dataset.not_utf8")
        return
    yield from map(_without_gaps, rows)


def _without_gaps(row: dict[str, Any]) -> dict[str, Any]:
    """Every message has every field of the column's type: what one does not say is null there, and not in JSON."""
    for value in row.values():
        if isinstance(value, list):
            for message in value:
                if isinstance(message, dict):
                    for name in [name for name in message if name not in ("role", "content")]:
                        if message[name] is None:
                            del message[name]
    return row
