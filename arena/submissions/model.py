"""Is this full model admissible? The whole checklist, not just the first complaint. Standard library and numpy.

Runs in the lab's sandbox. A full model is the season's base model with other numbers in it: the same architecture, the
same shapes, the base's own tokenizer and config. Its shards are read by streaming and written anew as one file.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from arena.shows.architectures import read_tensors
from arena.shows.base_models import BaseModel
from arena.submissions import numeric, safetensors, strict_json
from arena.submissions.artifacts import MAX_CONFIG_BYTES, MAX_INDEX_BYTES, SHARD
from arena.submissions.checklist import line_of
from arena.submissions.contracts import Check, Refusal
from arena.submissions.refusals import AdapterRefused, Detail, shown
from arena.submissions.safetensors import TensorEntry
from arena.submissions.strict_json import Json

CHECKS = ("files", "format", "model_config", "index", "tensors", "values")

# Says nothing about what the served model computes: dropped, whatever it says. Tokens come from the base's tokenizer.
DROPPED = {
    "_name_or_path", "_model_name_or_path", "name_or_path", "transformers_version", "dtype", "torch_dtype",
    "use_cache", "cache_implementation", "initializer_range", "attention_dropout", "bos_token_id", "eos_token_id",
    "pad_token_id", "unk_token_id", "unsloth_version", "unsloth_fixed",
}  # fmt: skip
_CODE = {"auto_map", "custom_pipelines", "trust_remote_code", "custom_code"}
_QUANTISED = {"quantization_config", "compression_config"}
_ARCHITECTURE = {"architectures", "model_type"}
_NAME = re.compile(r"[A-Za-z0-9_.]{1,200}")


@dataclass(frozen=True)
class Place:
    """Where a tensor lies: in which file, and there."""

    file: str
    entry: TensorEntry


@dataclass(frozen=True)
class ModelInspection:
    """`checks` in the order of CHECKS. `places` are there only when `refusal` is None."""

    checks: list[Check]
    refusal: Refusal | None
    places: dict[str, Place] = field(default_factory=dict)

    def write_canonical(
        self, shards: Mapping[str, BinaryIO], base: BaseModel, config_out: BinaryIO, weights_out: BinaryIO
    ) -> None:
        """Write the two files that will be served, reading tensor bytes from the inspected shards."""
        if self.refusal is not None:
            raise ValueError("a refused model has no canonical form")

        def payload(name: str) -> Iterable[bytes]:
            place = self.places[name]
            return safetensors.tensor_chunks(shards[place.file], place.entry)

        entries = [place.entry for place in self.places.values()]
        config_out.write(canonical_config(base))
        safetensors.write_tensors(weights_out, [(e.name, e.dtype, e.shape) for e in entries], payload)


def canonical_config(base: BaseModel) -> bytes:
    """The base model's own config: what a contestant's said has been compared with it."""
    return json.dumps(dict(base.config), sort_keys=True, separators=(",", ":")).encode()


def inspect_model(
    config: bytes, index: bytes | None, shards: Mapping[str, BinaryIO], base: BaseModel, max_bytes: int
) -> ModelInspection:
    """Run every check that the earlier ones leave possible. Refusals are in the result, not raised.

    `shards` by file name; `index` is None for a model in one file.
    """
    found: dict[str, list[AdapterRefused]] = {}  # absent: not reached
    found["files"] = _size_problems(shards, max_bytes)
    if not found["files"]:
        places, found["files"], formats = _read_shards(shards)
        if not found["files"]:
            found["format"] = formats
    found["model_config"] = _config_problems(config, base)
    if found.get("format") == []:
        found["index"] = [] if index is None else _index_problems(index, places, shards)
        found["tensors"] = _tensor_problems(places, base)
        found["values"] = _value_problems(places, shards)
    checks = [line_of(code, found.get(code)) for code in CHECKS]
    first = next((problem for code in CHECKS for problem in found.get(code, [])), None)
    if first is not None:
        return ModelInspection(checks, Refusal(code=first.code, message=first.message))
    return ModelInspection(checks, None, {place.entry.name: place for place in places})


# --- shards -------------------------------------------------------------------------------------------------------


def _size_problems(shards: Mapping[str, BinaryIO], max_bytes: int) -> list[AdapterRefused]:
    size = sum(file.seek(0, 2) for file in shards.values())
    if size <= max_bytes:
        return []
    said = f"The model is larger than this track's limit of {max_bytes} bytes."
    return [AdapterRefused("upload.too_large", said, {"bytes": size, "limit": max_bytes})]


def _read_shards(
    shards: Mapping[str, BinaryIO],
) -> tuple[list[Place], list[AdapterRefused], list[AdapterRefused]]:
    """(tensors of all shards, problems with what the files are, problems with their format)."""
    places: list[Place] = []
    kinds: list[AdapterRefused] = []
    formats: list[AdapterRefused] = []
    for name, file in shards.items():
        try:
            entries = safetensors.read_header(file, file.seek(0, 2), _require_plain)
            places += [Place(name, entry) for entry in entries]
        except AdapterRefused as refusal:
            told = AdapterRefused(
                refusal.code, f"{name}: {refusal.message}", {**refusal.detail, "file": name}
            )
            (kinds if refusal.code.startswith("artifact.") else formats).append(told)
    return places, kinds, formats


def _require_plain(name: str) -> None:
    if not _NAME.fullmatch(name):
        said = "A tensor's name is not made of letters, digits, dots and underscores."
        raise AdapterRefused("st.bad_key", said, {"tensor": shown(name)})


# --- config.json --------------------------------------------------------------------------------------------------


def _config_problems(data: bytes, base: BaseModel) -> list[AdapterRefused]:
    try:
        fields = _object(data, MAX_CONFIG_BYTES, "config.json", "model.config_invalid")
    except AdapterRefused as refusal:
        return [refusal]
    known = _known(base)
    problems = []
    if fields.get("model_type") is None:
        problems.append(_other_architecture("model_type", base))
    for name, value in fields.items():
        if name in DROPPED:
            continue
        if name in known:
            if not any(_same(value, expected) for expected in known[name]):
                problems.append(_differs(name, base))
        elif not (value is None or value is False or value in ([], {}, "")):
            problems.append(_foreign(name))
    return problems


def _known(base: BaseModel) -> dict[str, list[Json]]:
    """Field -> values that it may have: the base's, also under the names that older libraries give the same facts."""
    config = dict(base.config)
    known: dict[str, list[Json]] = {name: [value] for name, value in config.items()}  # type: ignore[list-item]
    if isinstance(rope := config.get("rope_parameters"), dict):
        parts = {key: part for key, part in rope.items() if isinstance(part, dict)}
        whole = parts.get("full_attention", rope)
        known.setdefault("rope_theta", [whole.get("rope_theta")])
        if "sliding_attention" in parts:
            known["rope_local_base_freq"] = [parts["sliding_attention"].get("rope_theta")]
    if "_sliding_window_pattern" in config:
        known["sliding_window_pattern"] = known["_sliding_window_pattern"]
    return known


def _same(value: Json, expected: Json) -> bool:
    """Equal, where true is not 1, and 0.00000099999 that went through single precision is 0.000001."""
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    if isinstance(value, int | float) and isinstance(expected, int | float):
        return value == expected or math.isclose(value, expected, rel_tol=1e-6)
    if isinstance(value, list) and isinstance(expected, list):
        return len(value) == len(expected) and all(map(_same, value, expected))
    if isinstance(value, dict) and isinstance(expected, dict):
        return value.keys() == expected.keys() and all(_same(value[key], expected[key]) for key in value)
    return type(value) is type(expected) and value == expected


def _differs(name: str, base: BaseModel) -> AdapterRefused:
    if name in _ARCHITECTURE:
        return _other_architecture(name, base)
    said = f"config.json differs from the base model's in {name}."
    return AdapterRefused("model.config_mismatch", said, {"field": name})


def _other_architecture(name: str, base: BaseModel) -> AdapterRefused:
    said = f"The model is not of the architecture of {base.id}, which this track is built on."
    return AdapterRefused("model.architecture", said, {"field": name, "expected": base.id})


def _foreign(name: str) -> AdapterRefused:
    detail = {"field": shown(name)}
    if name in _CODE:
        said = "config.json names code to run. No code of a contestant is ever run."
        return AdapterRefused("model.code_not_allowed", said, detail)
    if name in _QUANTISED:
        return AdapterRefused(
            "model.quantised", "The model is quantised; only F32, F16 and BF16 are served.", detail
        )
    return AdapterRefused(
        "model.field_not_allowed", "config.json has a field that the base model's has not.", detail
    )


def _object(data: bytes, limit: int, file: str, code: str) -> dict[str, Json]:
    if len(data) > limit:
        raise AdapterRefused(
            code, f"{file} is larger than {limit} bytes.", {"bytes": len(data), "limit": limit}
        )
    try:
        fields = strict_json.parse(data, max_depth=4)
    except strict_json.StrictJsonError as error:
        raise AdapterRefused(code, f"{file} cannot be read: {error}.") from None
    if not isinstance(fields, dict):
        raise AdapterRefused(code, f"{file} is not a JSON object.")
    return fields


# --- the index ----------------------------------------------------------------------------------------------------


def _index_problems(data: bytes, places: list[Place], shards: Mapping[str, BinaryIO]) -> list[AdapterRefused]:
    """It must say of every tensor in which shard it lies. Its file names are only ever compared, never opened."""
    try:
        fields = _object(data, MAX_INDEX_BYTES, "model.safetensors.index.json", "model.index_invalid")
        listed = _weight_map(fields)
    except AdapterRefused as refusal:
        return [refusal]
    problems = [
        AdapterRefused(
            "model.index_path",
            "The index names a file that is not one of the shards.",
            {"file": shown(file)},
        )
        for file in dict.fromkeys(listed.values())
        if not SHARD.fullmatch(file) or file not in shards
    ]
    if problems:
        return problems
    there = {place.entry.name: place.file for place in places}
    return [
        AdapterRefused(
            "model.index_mismatch",
            "The index and the shards disagree about a tensor.",
            {"tensor": shown(name)},
        )
        for name in sorted(listed.keys() | there.keys())
        if listed.get(name) != there.get(name)
    ]


def _weight_map(fields: dict[str, Json]) -> dict[str, str]:
    listed = fields.get("weight_map")
    if fields.keys() <= {"metadata", "weight_map"} and isinstance(listed, dict) and listed:
        texts = {name: file for name, file in listed.items() if isinstance(file, str)}
        if len(texts) == len(listed):
            return texts
    said = "The index must hold a weight_map from tensors to shards, and nothing else but metadata."
    raise AdapterRefused("model.index_invalid", said)


# --- tensors ------------------------------------------------------------------------------------------------------


def _tensor_problems(places: list[Place], base: BaseModel) -> list[AdapterRefused]:
    """Exactly the tensors of the architecture, each once, each of exactly its shape."""
    shapes = read_tensors(base.config)
    problems = []
    seen: set[str] = set()
    for place in places:
        name, shape = place.entry.name, place.entry.shape
        if name in seen:
            problems.append(_problem("duplicate_tensor", "A tensor is in two shards.", name))
        elif name not in shapes:
            problems.append(
                _problem("unknown_tensor", "A tensor is none of the base model's architecture.", name)
            )
        elif shape != shapes[name]:
            said = f"A tensor has the shape {_dims(shape)} instead of {_dims(shapes[name])}."
            problems.append(_problem("shape_mismatch", said, name))
        seen.add(name)
    missing = [name for name in shapes if name not in seen]
    return problems + [
        _problem("missing_tensor", "A tensor of the architecture is missing.", name) for name in missing
    ]


def _problem(reason: str, said: str, tensor: str) -> AdapterRefused:
    return AdapterRefused(f"model.{reason}", said, {"tensor": tensor})


def _dims(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _value_problems(places: list[Place], shards: Mapping[str, BinaryIO]) -> list[AdapterRefused]:
    problems = []
    for place in places:
        bad = numeric.count_not_finite(shards[place.file], place.entry)
        if bad:
            said = "A tensor holds NaN, infinity or values beyond half precision (±65504)."
            detail: Detail = {"tensor": place.entry.name, "values": bad}
            problems.append(AdapterRefused("model.nonfinite", said, detail))
    return problems
