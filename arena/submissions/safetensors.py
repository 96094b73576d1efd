"""The safetensors format, read strictly and written canonically. Standard library and numpy only.

Stricter than the library on purpose: `safetensors` accepts repeated keys, padded 99 MB headers, a million empty
tensors, absurd shapes and arbitrary key names. What passes here is re-written by `write_tensors`, and only that is
ever served.

    8 bytes little-endian header length | JSON header | tensor data, without holes, overlaps or anything after it
"""

import hashlib
import io
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from arena.shows.base_models import BaseModel
from arena.submissions import strict_json
from arena.submissions.adapter_config import AdapterConfig
from arena.submissions.refusals import CONVERT, AdapterRefused, shown
from arena.submissions.strict_json import Json

MAX_HEADER_BYTES = 1 << 20  # a LoRA of a 70 B model needs about 300 KB
MAX_TENSORS = 8192
MAX_DIM = 1 << 20
MAX_METADATA_BYTES = 8192
CHUNK_BYTES = 256 << 10

ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2}

TENSOR_KEY = re.compile(r"base_model\.model\.([A-Za-z0-9_.]{1,200})\.lora_(A|B)\.weight")


@dataclass(frozen=True)
class TensorEntry:
    """One tensor as the header describes it; `begin` and `end` are byte offsets into the file, not into the data."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def require_lora(name: str) -> None:
    """Raise AdapterRefused unless it is the name of a LoRA tensor."""
    if not TENSOR_KEY.fullmatch(name):
        refuse_known_variant(name)
        raise AdapterRefused(
            "st.bad_key",
            "A tensor is not named base_model.model.<module>.lora_A.weight or .lora_B.weight.",
            {"tensor": shown(name)},
        )


def read_header(
    file: BinaryIO, size: int, require: Callable[[str], None] = require_lora
) -> list[TensorEntry]:
    """Every tensor in `file` (`size` bytes long), in the order of their data. `require` refuses wrong names.

    Raises AdapterRefused with an `st.*` code, or `artifact.*` when the file is recognisably something else.
    """
    file.seek(0)
    start = file.read(9)
    if len(start) < 9:
        raise AdapterRefused(
            "st.too_small", "The weights file is too small to be safetensors.", {"bytes": size}
        )
    (header_bytes,) = struct.unpack("<Q", start[:8])
    if start[8:] != b"{":
        refuse_foreign_file(file)
        raise AdapterRefused(
            "st.header_invalid", "The weights file does not start with a safetensors header."
        )
    if header_bytes > MAX_HEADER_BYTES or 8 + header_bytes > size:
        if 8 + header_bytes > size:
            refuse_foreign_file(file)
        else:
            _refuse_crowded_header(file, header_bytes)
        raise AdapterRefused(
            "st.header_too_large",
            f"The safetensors header is larger than {MAX_HEADER_BYTES} bytes or than the file.",
            {"limit": MAX_HEADER_BYTES},
        )
    file.seek(8)
    header = _parse_header(file.read(header_bytes))
    _check_metadata(header.pop("__metadata__", {}))
    if not header:
        raise AdapterRefused("adapter.empty", "The weights file holds no tensors.")
    if len(header) > MAX_TENSORS:
        raise _too_many_tensors(len(header))
    data_start = 8 + header_bytes
    for name in header:
        require(name)
    entries = [_entry(name, described, data_start) for name, described in header.items()]
    entries.sort(key=lambda entry: (entry.begin, entry.end))
    _check_cover(entries, data_start, size)
    return entries


def _too_many_tensors(count: int) -> AdapterRefused:
    said = f"The weights file holds more than {MAX_TENSORS} tensors."
    return AdapterRefused("st.too_many_tensors", said, {"tensors": count, "limit": MAX_TENSORS})


def _refuse_crowded_header(file: BinaryIO, header_bytes: int) -> None:
    """A header too large to be parsed, because of its tensors: counted without parsing, so that the reason is right."""
    file.seek(8)
    count, rest = 0, b""
    for start in range(0, header_bytes, CHUNK_BYTES):
        text = rest + file.read(min(CHUNK_BYTES, header_bytes - start))
        count += text.count(b'"data_offsets"')
        rest = text[-(len(b'"data_offsets"') - 1) :]
    if count > MAX_TENSORS:
        raise _too_many_tensors(count)


def _parse_header(header: bytes) -> dict[str, Json]:
    try:
        parsed = strict_json.parse(header, max_depth=4)
    except strict_json.DuplicateKeyError:
        raise AdapterRefused("st.duplicate_key", "The safetensors header repeats a key.") from None
    except strict_json.StrictJsonError as error:
        raise AdapterRefused(
            "st.header_invalid", f"The safetensors header cannot be read: {error}."
        ) from None
    if not isinstance(parsed, dict):
        raise AdapterRefused("st.header_invalid", "The safetensors header is not a JSON object.")
    return parsed


def _check_metadata(metadata: Json) -> None:
    """Free text is dropped from the canonical file; here it only has to be small and well formed."""
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise AdapterRefused("st.header_invalid", "The safetensors metadata must map text to text.")
    total = sum(len(key) + len(str(value)) for key, value in metadata.items())
    if total > MAX_METADATA_BYTES:
        raise AdapterRefused(
            "st.metadata_too_large",
            f"The safetensors metadata is larger than {MAX_METADATA_BYTES} characters.",
            {"limit": MAX_METADATA_BYTES},
        )


def _entry(name: str, described: Json, data_start: int) -> TensorEntry:
    if not isinstance(described, dict) or described.keys() != {"dtype", "shape", "data_offsets"}:
        raise AdapterRefused(
            "st.header_invalid", "A tensor must have exactly dtype, shape and data_offsets.", {"tensor": name}
        )
    dtype, shape, offsets = described["dtype"], described["shape"], described["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise AdapterRefused(
            "st.dtype_not_allowed",
            "A tensor has a type other than F32, F16 or BF16.",
            {"tensor": name, "dtype": shown(dtype), "allowed": sorted(ITEM_BYTES)},
        )
    dims = _integers(shape)
    if dims is None or not 1 <= len(dims) <= 4 or not all(1 <= dim <= MAX_DIM for dim in dims):
        raise AdapterRefused(
            "st.bad_shape", f"A tensor's shape is not made of 1..{MAX_DIM}.", {"tensor": name}
        )
    span = _integers(offsets)
    if span is None or len(span) != 2 or not 0 <= span[0] < span[1]:
        raise AdapterRefused(
            "st.bad_offsets", "A tensor's data offsets are not begin < end.", {"tensor": name}
        )
    count = 1
    for dim in dims:
        count *= dim
    if span[1] - span[0] != count * ITEM_BYTES[dtype]:
        raise AdapterRefused(
            "st.bad_shape", "A tensor's shape does not match the size of its data.", {"tensor": name}
        )
    return TensorEntry(name, dtype, dims, data_start + span[0], data_start + span[1])


_VARIANT_KEY = re.compile(
    r"base_model\.model\.[A-Za-z0-9_.]{0,200}\.?"
    r"(lora_magnitude_vector|lora_[AB]\.bias|hada_|lokr_|vera_|randlora_|ia3_|oft_|boft_|spectrum|prompt_)"
)
_WHOLE_MODULE_KEY = re.compile(r"base_model\.model\.[A-Za-z0-9_.]{1,200}\.(weight|bias)")


def refuse_known_variant(name: str) -> None:
    """Raise AdapterRefused for tensors that PEFT writes when more than plain LoRA was trained; else return quietly.

    Refused under the code of the config field that makes PEFT write them, whatever the config says.
    """
    if _VARIANT_KEY.match(name):
        raise AdapterRefused(
            "config.variant_not_supported",
            "A tensor belongs to DoRA, a LoRA bias or another method. Only plain LoRA and rank-stabilised LoRA are "
            f"served. `{CONVERT}` merges the variant and extracts a plain LoRA from the difference.",
            {"tensor": shown(name), "convert": CONVERT},
        )
    if ".lora_" not in name and _WHOLE_MODULE_KEY.fullmatch(name):
        raise AdapterRefused(
            "config.modules_to_save",
            "A tensor is a whole module of the base model. Only LoRA pairs are accepted.",
            {"tensor": shown(name)},
        )


def _integers(value: Json) -> tuple[int, ...] | None:
    """The list as integers, or None; `true` is not an integer here although Python thinks so."""
    if not isinstance(value, list):
        return None
    found = tuple(item for item in value if isinstance(item, int) and not isinstance(item, bool))
    return found if len(found) == len(value) else None


def _check_cover(entries: list[TensorEntry], data_start: int, size: int) -> None:
    """The data is exactly the tensors: a hole or a tail is where a second file would hide."""
    position = data_start
    for entry in entries:
        if entry.begin != position:
            raise AdapterRefused(
                "st.bad_offsets", "Tensor data overlaps or leaves a hole.", {"tensor": entry.name}
            )
        position = entry.end
    if position > size:
        raise AdapterRefused("st.bad_offsets", "Tensor data reaches past the end of the file.")
    if position < size:
        raise AdapterRefused(
            "st.trailing_bytes", "There are bytes after the last tensor.", {"bytes": size - position}
        )


# What people send instead, by its first bytes. Asked only once a file has failed to be safetensors, because the first
# eight bytes of an honest file are a length and may look like anything.
_ARCHIVES = {
    b"PK\x03\x04": "zip archive",
    b"PK\x05\x06": "zip archive",
    b"\x1f\x8b": "gzip archive",
    b"BZh": "bzip2 archive",
    b"\xfd7zXZ\x00": "xz archive",
    b"7z\xbc\xaf\x27\x1c": "7z archive",
    b"\x28\xb5\x2f\xfd": "zstd archive",
    b"Rar!": "rar archive",
    b"\x78\x01": "zlib stream",
    b"\x78\x9c": "zlib stream",
    b"\x78\xda": "zlib stream",
    b"\x04\x22\x4d\x18": "lz4 archive",
}
_OTHER_FILES = {
    b"GGUF": "GGUF model",
    b"\x89HDF": "HDF5 file",
    b"\x93NUMPY": "numpy array",
    b"\x7fELF": "program",
    b"MZ": "program",
    b"#!": "script",
    b"import ": "Python program",
    b"from ": "Python program",
    b"\x89PNG": "picture",
    b"\xff\xd8\xff": "picture",
    b"%PDF": "PDF document",
    b"PAR1": "Parquet file",
    b"version https://git-lfs": "Git LFS pointer (the weights themselves were not downloaded)",
    b"<": "web page",
    b"{": "JSON text",
}


def refuse_foreign_file(file: BinaryIO) -> None:
    """Raise AdapterRefused naming what the file is, if its first bytes say so; return quietly otherwise.

    A bare pickle under our name is a header that is none (`st.header_invalid`, named in the detail); files that have a
    format of their own are `artifact.*`.
    """
    file.seek(0)
    head = file.read(4096)
    if _is_pickle(head):
        raise AdapterRefused(
            "st.header_invalid",
            "This is not a safetensors file but a Python pickle, which can run code and is never opened.",
            {"looks_like": "Python pickle"},
        )
    kind = next((name for magic, name in _OTHER_FILES.items() if head.startswith(magic)), _contained(head))
    if kind is not None:
        raise AdapterRefused(
            "artifact.type_not_allowed",
            f"This is not a safetensors file but a {kind}.",
            {"looks_like": kind},
        )
    kind = next((name for magic, name in _ARCHIVES.items() if head.startswith(magic)), None)
    if kind is None and head[257:262] == b"ustar":
        kind = "tar archive"
    if kind is not None:
        raise AdapterRefused(
            "artifact.archive_not_allowed",
            f"This is a {kind}. Send the file itself, not an archive.",
            {"looks_like": kind},
        )


def _contained(head: bytes) -> str | None:
    """What a container holds, by what stands near its beginning."""
    if head[:1] == b"\x08" and (b"onnx" in head or b"pytorch" in head):
        return "ONNX model"
    if not head.startswith(b"PK\x03\x04"):
        return None
    if b".pkl" in head:
        return "PyTorch checkpoint (a zip of Python pickles, which can run code)"
    if b".npy" in head:
        return "numpy archive (.npz)"
    return "PyTorch export (.pt2)" if b"archive_format" in head else None


def _is_pickle(head: bytes) -> bool:
    binary = len(head) > 1 and head[0] == 0x80 and head[1] <= 5
    return binary or head.startswith((b"(dp", b"(lp", b"cos\n", b"c__builtin__", b"cbuiltins\n", b"cposix\n"))


def tensor_chunks(file: BinaryIO, entry: TensorEntry, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The raw bytes of one tensor, `chunk_bytes` (a multiple of its item size) at a time and the rest at the end."""
    file.seek(entry.begin)
    left = entry.end - entry.begin
    while left:
        chunk = file.read(min(left, chunk_bytes))
        if not chunk:
            raise AdapterRefused("st.bad_offsets", "The weights file ended while it was read.")
        left -= len(chunk)
        yield chunk


def to_float32(raw: bytes, dtype: str) -> NDArray[np.float32]:
    """Little-endian tensor bytes as a flat float32 array. BF16 is the upper half of a float32."""
    if dtype == "BF16":
        wide = np.frombuffer(raw, "<u2").astype("<u4") << 16
        return wide.view("<f4").astype(np.float32, copy=False)
    return np.frombuffer(raw, "<f4" if dtype == "F32" else "<f2").astype(np.float32, copy=False)


def read_tensor(file: BinaryIO, entry: TensorEntry) -> NDArray[np.float32]:
    """One whole tensor in its shape. Call it only for a shape that the base model bounds."""
    return to_float32(b"".join(tensor_chunks(file, entry)), entry.dtype).reshape(entry.shape)


def write_tensors(
    out: BinaryIO,
    tensors: Iterable[tuple[str, str, tuple[int, ...]]],
    payload: Callable[[str], Iterable[bytes]],
) -> None:
    """Write `(name, dtype, shape)` tensors canonically, taking each one's raw bytes from `payload(name)`.

    The same tensors give the same bytes, whoever wrote them first: wider types before narrower ones (so that all data
    is aligned), then by name; no metadata; compact JSON padded with spaces to eight bytes.
    """
    ordered = sorted(tensors, key=lambda tensor: (-ITEM_BYTES[tensor[1]], tensor[0]))
    fields: list[str] = []
    position = 0
    for name, dtype, shape in ordered:
        count = 1
        for dim in shape:
            count *= dim
        end = position + count * ITEM_BYTES[dtype]
        dims = ",".join(map(str, shape))
        # Names have passed `require`, so that they need no escaping.
        fields.append(f'"{name}":{{"dtype":"{dtype}","shape":[{dims}],"data_offsets":[{position},{end}]}}')
        position = end
    header = ("{" + ",".join(fields) + "}").encode("ascii")
    header += b" " * (-len(header) % 8)
    out.write(struct.pack("<Q", len(header)) + header)
    for name, _, _ in ordered:
        out.writelines(payload(name))


def adapter_digest(config_bytes: bytes, weights_bytes: bytes) -> str:
    """The identity of a canonical adapter: sha256 over the sha256 of its two files, config first. Hex."""
    return digest_of_hashes(hashlib.sha256(config_bytes).digest(), hashlib.sha256(weights_bytes).digest())


def digest_of_hashes(*hashes: bytes) -> str:
    """The identity of files that were hashed while they streamed by (raw 32-byte hashes in, hex out).

    One file's is its own sha256; that of several the sha256 over theirs, in the order of `canonical_files`.
    """
    return hashes[0].hex() if len(hashes) == 1 else hashlib.sha256(b"".join(hashes)).hexdigest()


def engine_name(digest: str) -> str:
    """The name under which the engine serves an adapter; a content hash, so that it is never reused."""
    return f"a-{digest[:32]}"


def identity_adapter(base: BaseModel, rank: int = 8) -> tuple[bytes, bytes]:
    """`(config, weights)` of the adapter that changes nothing: the house entry, and the yardstick for speed.

    Every module has a pair, so that it costs the engine what any adapter costs. A is a small fixed pattern instead of
    zeros, so that no kernel can take a short cut; B is zero, so that the answer is the base model's. Deterministic.
    """
    config = AdapterConfig(
        rank=rank,
        alpha=rank,
        use_rslora=False,
        targets=tuple(sorted(m.rsplit(".", 1)[-1] for m in base.modules)),
    )
    shapes: dict[str, tuple[int, int]] = {}
    for path, (width_in, width_out) in base.tensor_names().items():
        shapes[f"{path}.lora_A.weight"] = (rank, width_in)
        shapes[f"{path}.lora_B.weight"] = (width_out, rank)

    def payload(name: str) -> list[bytes]:
        rows, columns = shapes[name]
        if name.endswith(".lora_B.weight"):
            return [bytes(2 * rows * columns)]
        # 1/128 with alternating sign, exact in BF16: 0x3C00 and 0xBC00.
        pattern = np.full(rows * columns, 0x3C00, "<u2")
        pattern[1::2] = 0xBC00
        return [pattern.tobytes()]

    out = io.BytesIO()
    write_tensors(out, [(name, "BF16", shape) for name, shape in shapes.items()], payload)
    return config.canonical(base), out.getvalue()
