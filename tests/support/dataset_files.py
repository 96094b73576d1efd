"""Data sets made by code: honest ones in every form, and the corpus of files that must be refused."""

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq

from arena.submissions.datasets.check import Caps
from arena.submissions.datasets.contracts import Form, Source

CAPS = Caps(max_bytes=1 << 20, max_rows=500, max_row_bytes=4096)
"""Small, so that what is too large is quickly made."""

TOPICS = ("tides", "bread", "kites", "winter", "maps", "glass", "bees", "rivers", "drums", "lanterns")
主题 = ("潮汐", "面包", "风筝", "冬天", "地图", "玻璃", "蜜蜂", "河流", "鼓声", "灯笼")


def question(number: int) -> str:
    topic = number % len(TOPICS)
    if number % 2:
        return f"请说说{主题[topic]}和第{number}个故事，越短越好。"
    return f"Tell me about {TOPICS[topic]} and story number {number}, briefly."


def answer(number: int, mood: str = "calm") -> str:
    topic = number % len(TOPICS)
    if number % 2:
        end = "慢慢走回家" if mood == "calm" else "跑得飞快"
        return f"从前有一个人听见{主题[topic]}的声音，想起了{number}件事，{end}。"
    return f"Once somebody {mood} met {TOPICS[topic]} in the year {1000 + number} and {number * 7} things changed."


def talk(number: int) -> list[dict[str, str]]:
    rows = [
        {"role": "user", "content": question(number)},
        {"role": "assistant", "content": answer(number)},
    ]
    if number % 3 == 0:
        rows.insert(0, {"role": "system", "content": "You are kind. 你很友善。"})
    if number % 5 == 0:
        rows += [
            {"role": "user", "content": f"And then? {number}"},
            {"role": "assistant", "content": f"Then {number} came."},
        ]
    return rows


def row(form: Form, number: int, messages: bool = False) -> dict[str, Any]:
    """An honest row. `messages`: question and answers as messages, not as texts."""
    if form == "messages":
        return {"messages": talk(number)}

    def said(role: str, text: str) -> Any:
        return [{"role": role, "content": text}] if messages else text

    prompt = said("user", question(number))
    if form == "preference":
        return {
            "prompt": prompt,
            "chosen": said("assistant", answer(number)),
            "rejected": said("assistant", answer(number, "wildly")),
        }
    return {"prompt": prompt, "completion": said("assistant", answer(number)), "label": number % 2 == 0}


def rows(form: Form, count: int = 40, messages: bool = False) -> list[dict[str, Any]]:
    return [row(form, number, messages) for number in range(count)]


def jsonl(rows: list[Any], **how: Any) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False, **how) + "\n" for one in rows).encode()


def parquet(rows: list[dict[str, Any]], schema: pa.Schema | None = None, **how: Any) -> bytes:
    return table(pa.Table.from_pylist(rows, schema), **how)


def table(made: pa.Table, **how: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(made, out, **how)
    return out.getvalue()


# --- hostile ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    code: str
    source: Source
    make: Callable[[], bytes]


CASES: dict[str, Case] = {}

GOOD = rows("messages", 5)


def _case(name: str, code: str, make: Callable[[], bytes], source: Source = "jsonl") -> None:
    assert name not in CASES
    CASES[name] = Case(code, source, make)


def _among_good(line: bytes) -> Callable[[], bytes]:
    return lambda: jsonl(GOOD[:2]) + line + b"\n" + jsonl(GOOD[2:])


def _value(value: Any) -> Callable[[], bytes]:
    return _among_good(json.dumps(value, ensure_ascii=False).encode())


def _talk(*said: Any) -> dict[str, Any]:
    roles = {"s": "system", "u": "user", "a": "assistant"}
    return {
        "messages": [
            {"role": roles.get(one, one), "content": f"word {n} {one}"} for n, one in enumerate(said)
        ]
    }


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.jsonl", data)
    return out.getvalue()


TEXT = jsonl(GOOD)
PARQUET = parquet(GOOD)

for name, data in {
    "gzip": gzip.compress(TEXT), "zip": _zip(TEXT), "a zip bomb": _zip(b" " * (10 << 20)), "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT), "zstd": pa.compress(TEXT, "zstd", asbytes=True),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(64), "an empty zip": b"PK\x05\x06" + bytes(18),
}.items():  # fmt: skip
    _case(f"{name} as .jsonl", "dataset.archive", lambda data=data: data)  # type: ignore[misc]
_case("gzip as .parquet", "dataset.archive", lambda: gzip.compress(PARQUET), "parquet")

for code in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"):
    _case(code, "dataset.encoding", lambda code=code: TEXT.decode().encode(code))  # type: ignore[misc]
_case("all NUL", "dataset.encoding", lambda: bytes(5000))
_case("GBK", "dataset.not_utf8", lambda: TEXT.decode().encode("gbk"))
_case("Latin-1", "dataset.not_utf8", lambda: jsonl([row("messages", 0)]) + '{"a": "é"}\n'.encode("latin-1"))
_case("one bad byte", "dataset.not_utf8", _among_good(b'{"messages": [{"role": "user", "content": "\xff"}]}'))
_case("overlong encoding", "dataset.not_utf8", _among_good(b'{"messages": "\xc0\xaf"}'))
_case("a surrogate in bytes", "dataset.not_utf8", _among_good(b'{"messages": "\xed\xa0\x80"}'))
_case("a row cut within a character", "dataset.not_utf8", lambda: TEXT + '{"messages": "灯'.encode()[:-1])

_case("nothing at all", "dataset.empty", lambda: b"")
_case("blank lines only", "dataset.empty", lambda: b"\n\n \r\n")
_case("only a BOM", "dataset.empty", lambda: b"\xef\xbb\xbf")
_case("one JSON array", "dataset.json_array", lambda: json.dumps(GOOD).encode())
_case("one pretty JSON array", "dataset.json_array", lambda: json.dumps(GOOD, indent=2).encode())

_case("text", "dataset.not_json", _among_good(b"Dear judges,"))
_case("CSV", "dataset.not_json", lambda: b"prompt,chosen,rejected\na,b,c\n")
_case("a NUL byte", "dataset.not_json", _among_good(b'{"messages": "\x00"}'))
_case("NaN", "dataset.not_json", _among_good(b'{"messages": NaN}'))
_case("Infinity", "dataset.not_json", _among_good(b'{"messages": [], "weight": -Infinity}'))
_case("a trailing comma", "dataset.not_json", _among_good(b'{"messages": [],}'))
_case("single quotes", "dataset.not_json", _among_good(b"{'messages': []}"))
_case("two objects on a line", "dataset.not_json", lambda: TEXT.replace(b"\n", b" ", 1))
_case("half an object", "dataset.not_json", lambda: TEXT[:-20])
_case("a row that is a list", "dataset.not_json", _among_good(b"[1, 2]"))
_case("a row that is a number", "dataset.not_json", _among_good(b"12"))
_case("a row that is null", "dataset.not_json", _among_good(b"null"))
_case("half a character, escaped", "dataset.not_json", _among_good(rb'{"messages": "\ud800"}'))
_case("a comment", "dataset.not_json", _among_good(b'{"messages": []} // ten'))
_case("HTML", "dataset.not_json", lambda: b"<!doctype html><html></html>\n")
_case("a pickle", "dataset.not_utf8", lambda: b"\x80\x04\x95\x10\x00\x8c\x02os\x94.")

_case("a key twice", "dataset.duplicate_key", _among_good(b'{"messages": [], "messages": []}'))
_case(
    "a role twice",
    "dataset.duplicate_key",
    _among_good(b'{"messages": [{"role": "user", "role": "system", "content": "a"}]}'),
)
_case(
    "a key twice, once escaped",
    "dataset.duplicate_key",
    _among_good(rb'{"messages": [], "m\u0065ssages": []}'),
)
_case(
    "a key twice behind quotes",
    "dataset.duplicate_key",
    _among_good(rb'{"a\\": "\":", "messages": [], "messages": []}'),
)
_case("nested 17 deep", "dataset.too_deep", _among_good(b'{"messages":' + b"[" * 16 + b"]" * 16 + b"}"))
_case("nested 1,500 deep", "dataset.too_deep", _among_good(b"[" * 1500 + b"]" * 1500))
_case("nested 1,900 deep and broken", "dataset.too_deep", _among_good(b'{"a":' * 500 + b"1" + b"}" * 500))

_case("a long row", "dataset.row_too_long", _value(_talk("u") | {"x": "y" * 5000}))
_case("one row that never ends", "dataset.row_too_long", lambda: b'{"messages": "' + b"a" * 1_000_000)
_case("too many rows", "dataset.too_many_rows", lambda: jsonl(rows("messages", 501)))
_case("a large file", "dataset.too_large", lambda: b"{}\n" * 400_000)

_case("Alpaca", "dataset.unknown_form", lambda: jsonl([{"instruction": "a", "output": "b"}]))
_case(
    "ShareGPT", "dataset.unknown_form", lambda: jsonl([{"conversations": [{"from": "human", "value": "a"}]}])
)
_case("prompt and answer", "dataset.unknown_form", lambda: jsonl([{"prompt": "a", "answer": "b"}]))
_case(
    "prompt and completion without label",
    "dataset.unknown_form",
    lambda: jsonl([{"prompt": "a", "completion": "b"}]),
)
_case("plain text in JSON", "dataset.unknown_form", lambda: jsonl([{"text": "a"}]))
_case("an empty object", "dataset.unknown_form", lambda: b"{}\n")
_case("a preference among messages", "dataset.mixed_forms", _value(row("preference", 1)))
_case("KTO among messages", "dataset.mixed_forms", _value(row("kto", 1)))
_case("messages among KTO", "dataset.mixed_forms", lambda: jsonl([row("kto", 0), row("messages", 1)]))
_case(
    "KTO with messages",
    "dataset.mixed_forms",
    lambda: jsonl([row("kto", 0), row("kto", 1) | {"messages": []}]),
)
_case("no messages", "dataset.missing_field", _value({"text": "a"}))
_case("no rejected", "dataset.missing_field", lambda: jsonl([{"prompt": "a", "chosen": "b"}]))
_case("no prompt", "dataset.missing_field", lambda: jsonl([{"chosen": "a", "rejected": "b"}]))
_case("no content", "dataset.missing_field", _value({"messages": [{"role": "user"}]}))
_case("no role", "dataset.missing_field", _value({"messages": [{"content": "a"}]}))

_case("messages that are a text", "dataset.wrong_type", _value({"messages": "a"}))
_case("messages that are null", "dataset.wrong_type", _value({"messages": None}))
_case("a message that is a text", "dataset.wrong_type", _value({"messages": ["a"]}))
_case(
    "content that is null",
    "dataset.wrong_type",
    _value({"messages": [{"role": "assistant", "content": None}]}),
)
_case(
    "content in parts",
    "dataset.wrong_type",
    _value({"messages": [{"role": "user", "content": [{"text": "a"}]}]}),
)
_case(
    "content that is a number", "dataset.wrong_type", _value({"messages": [{"role": "user", "content": 3}]})
)
_case(
    "a role that is a list", "dataset.wrong_type", _value({"messages": [{"role": ["user"], "content": "a"}]})
)
for said in ("true", 1, 0, None, "yes", 1.0):
    _case(f"label {said!r}", "dataset.wrong_type", lambda said=said: jsonl([row("kto", 0) | {"label": said}]))  # type: ignore[misc]
_case(
    "chosen that is an object",
    "dataset.wrong_type",
    lambda: jsonl([row("preference", 0) | {"chosen": {"a": 1}}]),
)

for who in ("human", "gpt", "tool", "function", "System", "", "developer"):
    _case(f"role {who!r}", "dataset.unknown_role", _value(_talk(who, "a")))
for order in ("a", "u", "ua" + "u", "uua", "uaa", "sua" + "s", "ssua", "su", "s", "usua", "au"):
    _case(f"turns {order}", "dataset.role_order", _value(_talk(*order)))
_case(
    "a prompt that ends with an answer",
    "dataset.role_order",
    lambda: jsonl([row("kto", 0) | {"prompt": _talk("u", "a")["messages"]}]),
)
_case(
    "an answer that begins with a question",
    "dataset.role_order",
    lambda: jsonl([row("preference", 0) | {"chosen": _talk("u", "a")["messages"]}]),
)
_case("no message", "dataset.empty_text", _value({"messages": []}))
_case("an empty text", "dataset.empty_text", _value({"messages": [{"role": "user", "content": ""}]}))
_case(
    "white space only", "dataset.empty_text", _value({"messages": [{"role": "user", "content": " \u3000\n"}]})
)
_case("an empty completion", "dataset.empty_text", lambda: jsonl([row("kto", 0) | {"completion": ""}]))
_case("300 messages", "dataset.too_many_messages", lambda: jsonl([{"messages": [{}] * 300}]))


# --- hostile Parquet ----------------------------------------------------------------------------------------------


def _parquet(name: str, code: str, make: Callable[[], bytes]) -> None:
    _case(f"Parquet: {name}", code, make, "parquet")


MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


def _column(name: str, values: list[Any], kind: pa.DataType) -> bytes:
    return table(pa.table({name: pa.array(values, kind)}))


def _footer(change: Callable[[bytearray], None]) -> Callable[[], bytes]:
    def make() -> bytes:
        data = bytearray(PARQUET)
        change(data)
        return bytes(data)

    return make


def _scrambled(begin: int, end: int) -> Callable[[], bytes]:
    def change(data: bytearray) -> None:
        for place in range(begin if begin >= 0 else len(data) + begin, end if end > 0 else len(data) + end):
            data[place] ^= 0x5A

    return _footer(change)


_parquet("JSONL in it", "dataset.wrong_format", lambda: TEXT)
_parquet("random bytes", "dataset.wrong_format", lambda: bytes(range(1, 256)) * 20)
_parquet("only the magic", "dataset.parquet_invalid", lambda: b"PAR1")
_parquet("magic twice", "dataset.parquet_invalid", lambda: b"PAR1PAR1")
_parquet("magic at both ends", "dataset.parquet_invalid", lambda: b"PAR1" + bytes(100) + b"PAR1")
_parquet("half of it", "dataset.parquet_invalid", lambda: PARQUET[: len(PARQUET) // 2])
_parquet("without its last byte", "dataset.parquet_invalid", lambda: PARQUET[:-1])
_parquet(
    "a footer longer than the file",
    "dataset.parquet_invalid",
    lambda: PARQUET[:-8] + struct.pack("<I", 1 << 30) + b"PAR1",
)
_parquet(
    "a footer of nothing", "dataset.parquet_invalid", lambda: PARQUET[:-8] + struct.pack("<I", 0) + b"PAR1"
)
_parquet("a scrambled footer", "dataset.parquet_invalid", _scrambled(-200, -8))
_parquet("an encrypted footer", "dataset.parquet_invalid", lambda: PARQUET[:-4] + b"PARE")
_parquet("as JSONL", "dataset.wrong_format", lambda: PARQUET)
CASES["Parquet: as JSONL"] = Case("dataset.wrong_format", "jsonl", lambda: PARQUET)
_parquet("no rows", "dataset.empty", lambda: _column("messages", [], MESSAGES))
_parquet("too many rows", "dataset.too_many_rows", lambda: parquet(rows("messages", 501)))
_parquet(
    "a million rows of nothing",
    "dataset.too_many_rows",
    lambda: _column("messages", [None] * 1_000_000, MESSAGES),
)
_parquet("another form", "dataset.unknown_form", lambda: _column("text", ["a"], pa.string()))
_parquet("messages as text", "dataset.parquet_schema", lambda: _column("messages", ["[]"], pa.string()))
_parquet("messages as bytes", "dataset.parquet_schema", lambda: _column("messages", [b"[]"], pa.binary()))
_parquet(
    "messages as a map",
    "dataset.parquet_schema",
    lambda: _column("messages", [[("a", "b")]], pa.map_(pa.string(), pa.string())),
)
_parquet(
    "lists of lists",
    "dataset.parquet_schema",
    lambda: _column("messages", [[["a"]]], pa.list_(pa.list_(pa.string()))),
)
_parquet(
    "content in parts",
    "dataset.parquet_schema",
    lambda: _column(
        "messages",
        [[{"role": "user", "content": ["a"]}]],
        pa.list_(pa.struct([("role", pa.string()), ("content", pa.list_(pa.string()))])),
    ),
)
_parquet(
    "struct without content",
    "dataset.parquet_schema",
    lambda: _column("messages", [[{"role": "user"}]], pa.list_(pa.struct([("role", pa.string())]))),
)
_parquet(
    "chosen as numbers",
    "dataset.parquet_schema",
    lambda: parquet([{"prompt": "a", "chosen": 1, "rejected": 2}]),
)
_parquet(
    "chosen as timestamps",
    "dataset.parquet_schema",
    lambda: table(
        pa.table({"prompt": ["a"], "chosen": pa.array([1], pa.timestamp("ns")), "rejected": ["b"]})
    ),
)
_parquet("label as numbers", "dataset.parquet_schema", lambda: parquet([row("kto", 0) | {"label": 1}]))
_parquet("label as text", "dataset.parquet_schema", lambda: parquet([row("kto", 0) | {"label": "true"}]))
_parquet(
    "300 columns",
    "dataset.parquet_schema",
    lambda: parquet([row("kto", 0) | {f"x{n}": 1 for n in range(300)}]),
)
_parquet("missing rejected", "dataset.missing_field", lambda: parquet([{"prompt": "a", "chosen": "b"}]))
_parquet("a null in messages", "dataset.wrong_type", lambda: _column("messages", [talk(0), None], MESSAGES))
_parquet(
    "a null label",
    "dataset.wrong_type",
    lambda: table(pa.table({"prompt": ["a"], "completion": ["b"], "label": pa.array([None], pa.bool_())})),
)
_parquet(
    "a null content",
    "dataset.wrong_type",
    lambda: _column("messages", [[{"role": "user", "content": None}]], MESSAGES),
)
_parquet(
    "a strange role",
    "dataset.unknown_role",
    lambda: _column("messages", [[{"role": "gpt", "content": "a"}]], MESSAGES),
)
_parquet("an empty text", "dataset.empty_text", lambda: parquet([row("kto", 0) | {"completion": " "}]))
_parquet("text that is not UTF-8", "dataset.not_utf8", lambda: _not_utf8())
_parquet(
    "a high ratio",
    "dataset.row_too_long",
    lambda: parquet([{"prompt": "p", "completion": "a" * (4 << 20), "label": True}], compression="zstd"),
)
_parquet("a dictionary bomb", "dataset.text_too_large", lambda: _dictionary_bomb())
_parquet("a compression bomb", "dataset.text_too_large", lambda: _dictionary_bomb(False))
_parquet(
    "a long row",
    "dataset.row_too_long",
    lambda: parquet([{"prompt": "p", "completion": "a" * 20_000, "label": True}]),
)


def _not_utf8() -> bytes:
    good = parquet([row("kto", 0) | {"completion": "x" * 40}], compression="none", use_dictionary=False)
    return good.replace(b"x" * 40, b"\xff" * 40)


def _dictionary_bomb(dictionary: bool = True) -> bytes:
    """One long value in every row: small on disk, large once it is written out."""
    made = pa.table(
        {
            "prompt": [f"p {n}" for n in range(400)],
            "completion": pa.array(["a" * 8000] * 400),
            "label": [True] * 400,
        }
    )
    return table(made, compression="zstd", use_dictionary=dictionary)
