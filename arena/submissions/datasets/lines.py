"""Rows out of a JSONL file, one at a time, with the numbers that an editor shows."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from arena.submissions.datasets.findings import Ledger
from arena.submissions.datasets.rows import BadRow, parse_line

BOM = b"\xef\xbb\xbf"
HEAD = 4096

_ARCHIVES = {
    b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "rar", b"\x04\x22\x4d\x18": "lz4",
}  # fmt: skip
PARQUET = b"PAR1"
_WIDE = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00\x00\xfe\xff": "UTF-32"}


class BadFile(Exception):
    """Nothing more can be read. `code` is one of `findings.KINDS`."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def refuse_archive(head: bytes) -> None:
    for magic, name in _ARCHIVES.items():
        if head.startswith(magic):
            raise BadFile("dataset.archive", looks_like=name)


def read_lines(file: BinaryIO, max_row_bytes: int, ledger: Ledger) -> Iterator[tuple[int, Any]]:
    """(line number, JSON value or BadRow). Memory for one row, however long a line is. Raises BadFile."""
    head = file.read(HEAD)
    _refuse_other_files(head)
    file.seek(0)
    if head.startswith(BOM):
        ledger.file("dataset.bom")
        file.seek(len(BOM))
    number = blank = 0
    while line := file.readline(max_row_bytes + 2):
        number += 1
        if len(line) > max_row_bytes and not line.endswith(b"\n"):
            while (rest := file.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass
            yield number, BadRow("dataset.row_too_long")
            continue
        line = line.strip(b" \t\r\n")
        if not line:
            blank += 1
            continue
        try:
            value = parse_line(line)
        except BadRow as bad:
            value = bad
        yield number, value
    if blank:
        ledger.file("dataset.blank_lines", lines=blank)


def _refuse_other_files(head: bytes) -> None:
    refuse_archive(head)
    if head.startswith(PARQUET):
        raise BadFile("dataset.wrong_format", looks_like="parquet")
    for magic, name in _WIDE.items():
        if head.startswith(magic):
            raise BadFile("dataset.encoding", looks_like=name)
    if head.count(0) > len(head) // 4:
        raise BadFile("dataset.encoding", looks_like="UTF-16")
    if head.removeprefix(BOM).lstrip(b" \t\r\n").startswith(b"["):
        raise BadFile("dataset.json_array")
