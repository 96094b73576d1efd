"""The adapter files: what is refused and under which code, what is admitted, and what becomes of it."""

import dataclasses
import io
import json
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from arena.shows.base_models import HOUSE_MODEL
from arena.submissions import safetensors as ours
from arena.submissions.inspection import CHECKS, MAX_PROBLEMS, Inspection, delta_rms, inspect_adapter
from tests.support.adapter_files import RANK, TINY, Header, config, layout, pack, tensors, weights

MAX_BYTES = 1 << 20
Q = "base_model.model.model.layers.0.self_attn.q_proj"
Q_A, Q_B = f"{Q}.lora_A.weight", f"{Q}.lora_B.weight"


def inspect(config_bytes: bytes, weight_bytes: bytes, max_rank: int = 8) -> Inspection:
    return inspect_adapter(config_bytes, io.BytesIO(weight_bytes), TINY, max_rank, MAX_BYTES)


def codes(inspection: Inspection) -> list[str]:
    return [problem["code"] for check in inspection.checks for problem in check.detail.get("problems", [])]


def spoiled(change: Callable[[Header, bytes], bytes]) -> bytes:
    return change(*layout(tensors()))


def with_entry(**fields: Any) -> bytes:
    """A file whose first tensor is described otherwise."""

    def change(header: Header, data: bytes) -> bytes:
        header[next(iter(header))] |= fields
        return pack(header, data)

    return spoiled(change)


def with_arrays(change: Callable[[dict[str, Any]], object]) -> bytes:
    arrays = tensors()
    change(arrays)
    return pack(*layout(arrays))


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, b"\x80\x02}q\x00.")
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../../etc/cron.d/x"))
    return out.getvalue()


def duplicated(header: Header, data: bytes) -> bytes:
    text = json.dumps(header)
    first = next(iter(header))
    return pack(f'{{"{first}":{json.dumps(header[first])},{text[1:]}'.encode(), data)


def with_hole(header: Header, data: bytes) -> bytes:
    last = list(header)[-1]
    header[last]["data_offsets"] = [at + 4 for at in header[last]["data_offsets"]]
    return pack(header, data + bytes(4))


def overlapping(header: Header, data: bytes) -> bytes:
    last = list(header)[-1]
    header[last]["data_offsets"] = [at - 4 for at in header[last]["data_offsets"]]
    return pack(header, data[:-4])


def renamed(name: str) -> bytes:
    def change(header: Header, data: bytes) -> bytes:
        header[name] = header.pop(Q_A)
        return pack(header, data)

    return spoiled(change)


def filled(value: float, name: str = Q_A) -> bytes:
    def change(arrays: dict[str, Any]) -> None:
        arrays[name] = np.full_like(arrays[name], value)

    return with_arrays(change)


def bf16_nan() -> bytes:
    arrays = {name: np.zeros(array.shape, "<u2") for name, array in tensors().items()}
    arrays[Q_B][3, 1] = 0x7FC1
    return pack(*layout(arrays, "BF16"))


HOSTILE_WEIGHTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    # another kind of file under the agreed name
    "pickle": ("artifact.type_not_allowed", lambda: pickle.dumps({"q": [0.0] * 50})),
    "old pickle": ("artifact.type_not_allowed", lambda: pickle.dumps({"q": [0.0] * 50}, protocol=0)),
    "pytorch": ("artifact.type_not_allowed", lambda: zipped("archive/data.pkl")),
    "gguf": ("artifact.type_not_allowed", lambda: b"GGUF\x03\x00\x00\x00" + bytes(64)),
    "numpy": ("artifact.type_not_allowed", lambda: b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'}"),
    "lfs pointer": (
        "artifact.type_not_allowed",
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
    ),
    "web page": ("artifact.type_not_allowed", lambda: b"<!doctype html><title>Sign in</title>"),
    "zip": ("artifact.archive_not_allowed", lambda: zipped("../../etc/cron.d/x")),
    "tar": ("artifact.archive_not_allowed", tarred),
    "gzip": ("artifact.archive_not_allowed", lambda: b"\x1f\x8b\x08\x00" + bytes(64)),
    "random": ("st.header_invalid", lambda: bytes(range(7, 255))),
    # the header as a whole
    "empty": ("st.too_small", lambda: b""),
    "seven bytes": ("st.too_small", lambda: b"\x02\x00\x00\x00\x00\x00\x00"),
    "header of 2^63": ("st.header_too_large", lambda: struct.pack("<Q", 1 << 63) + b"{}" + bytes(16)),
    "header past the end": ("st.header_too_large", lambda: struct.pack("<Q", 5000) + b"{}" + bytes(16)),
    "padded header": ("st.header_too_large", lambda: pack(b"{}".ljust((1 << 20) + 1), b"")[: MAX_BYTES - 1]),
    "leading space": (
        "st.header_invalid",
        lambda: spoiled(lambda h, d: pack(b" " + json.dumps(h).encode(), d)),
    ),
    "array": ("st.header_invalid", lambda: pack(b"[]" + b" " * 16, b"")),
    "nested in {": ("st.header_invalid", lambda: pack(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"")),
    "not UTF-8": ("st.header_invalid", lambda: pack(b'{"\xff\xfe":{}}  ', b"")),
    "NaN in the header": ("st.header_invalid", lambda: pack(b'{"a":NaN}       ', b"")),
    "huge number": ("st.header_invalid", lambda: pack(b'{"a":' + b"9" * 5000 + b"}", b"")),
    "duplicate key": ("st.duplicate_key", lambda: spoiled(duplicated)),
    "duplicate metadata": (
        "st.duplicate_key",
        lambda: pack(b'{"__metadata__":{"a":"b"},"__metadata__":{"a":"c"}}', b""),
    ),
    "metadata not text": (
        "st.header_invalid",
        lambda: spoiled(lambda h, d: pack({"__metadata__": {"a": 1}, **h}, d)),
    ),
    "large metadata": (
        "st.metadata_too_large",
        lambda: spoiled(lambda h, d: pack({"__metadata__": {"a": "<b>" * 4000}, **h}, d)),
    ),
    "empty dict": ("adapter.empty", lambda: pack(b"{}" + b" " * 14, b"")),
    "too many tensors": (
        "st.too_many_tensors",
        lambda: pack(
            {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(8193)}, b""
        ),
    ),
    "trailing zip": ("st.trailing_bytes", lambda: weights() + zipped("payload")),
    "truncated": ("st.bad_offsets", lambda: weights()[:-4]),
    # one tensor
    "extra field": ("st.header_invalid", lambda: with_entry(extra=1)),
    "I64": ("st.dtype_not_allowed", lambda: with_entry(dtype="I64")),
    "F64": ("st.dtype_not_allowed", lambda: with_entry(dtype="F64")),
    "BOOL": ("st.dtype_not_allowed", lambda: with_entry(dtype="BOOL")),
    "F8": ("st.dtype_not_allowed", lambda: with_entry(dtype="F8_E4M3")),
    "dtype not text": ("st.dtype_not_allowed", lambda: with_entry(dtype=["F32"])),
    "shape [0, 2^60]": ("st.bad_shape", lambda: with_entry(shape=[0, 1 << 60])),
    "shape beyond 2^20": ("st.bad_shape", lambda: with_entry(shape=[(1 << 20) + 1, 1])),
    "shape overflow": ("st.bad_shape", lambda: with_entry(shape=[1 << 20] * 4)),
    "shape too small": ("st.bad_shape", lambda: with_entry(shape=[1, 1])),
    "scalar": ("st.bad_shape", lambda: with_entry(shape=[])),
    "float dim": ("st.bad_shape", lambda: with_entry(shape=[4.0, 8.0])),
    "true dim": ("st.bad_shape", lambda: with_entry(shape=[True, 32])),
    "negative dim": ("st.bad_shape", lambda: with_entry(shape=[-4, -8])),
    "hole": ("st.bad_offsets", lambda: spoiled(with_hole)),
    "overlap": ("st.bad_offsets", lambda: spoiled(overlapping)),
    "begin > end": ("st.bad_offsets", lambda: with_entry(data_offsets=[128, 0])),
    "negative offset": ("st.bad_offsets", lambda: with_entry(data_offsets=[-128, 0])),
    "three offsets": ("st.bad_offsets", lambda: with_entry(data_offsets=[0, 64, 128])),
    "path key": ("st.bad_key", lambda: renamed("../../etc/passwd")),
    "NUL key": ("st.bad_key", lambda: renamed(f"{Q}\x00.lora_A.weight")),
    "bidi key": ("st.bad_key", lambda: renamed("base_model.model.\u202eq.lora_A.weight")),
    "long key": ("st.bad_key", lambda: renamed(f"base_model.model.{'a' * 300}.lora_A.weight")),
    "whole module": ("st.bad_key", lambda: renamed("base_model.model.lm_head.weight")),
    "key with newline": ("st.bad_key", lambda: renamed(f"{Q}.lora_A.weight\n")),
    # tensors that do not fit
    "A without B": ("adapter.shape_mismatch", lambda: with_arrays(lambda t: t.pop(Q_B))),
    "transposed": (
        "adapter.shape_mismatch",
        lambda: with_arrays(lambda t: t.update({Q_A: np.ascontiguousarray(t[Q_A].T)})),
    ),
    "smaller": (
        "adapter.shape_mismatch",
        lambda: with_arrays(lambda t: t.update({Q_A: t[Q_A][:, :4].copy()})),
    ),
    "other rank than r": (
        "adapter.shape_mismatch",
        lambda: with_arrays(lambda t: t.update({Q_A: t[Q_A][:2].copy(), Q_B: t[Q_B][:, :2].copy()})),
    ),
    "three dimensions": (
        "adapter.shape_mismatch",
        lambda: with_arrays(lambda t: t.update({Q_A: t[Q_A].reshape(2, 2, 8)})),
    ),
    "layer 999": ("adapter.unknown_module", lambda: renamed(Q_A.replace("layers.0", "layers.999"))),
    "wrong prefix": (
        "adapter.unknown_module",
        lambda: renamed(Q_A.replace("model.model.layers", "model.layers")),
    ),
    "declared, not there": (
        "adapter.missing_module",
        lambda: with_arrays(lambda t: (t.pop(Q_A), t.pop(Q_B))),
    ),
    # values
    "NaN": ("adapter.nonfinite", lambda: filled(float("nan"))),
    "infinity": ("adapter.nonfinite", lambda: filled(float("-inf"))),
    "beyond half precision": ("adapter.nonfinite", lambda: filled(1e38)),
    "NaN in BF16": ("adapter.nonfinite", bf16_nan),
    "drowning": (
        "adapter.norm_out_of_range",
        lambda: with_arrays(lambda t: t.update({Q_A: t[Q_A] * 1000, Q_B: t[Q_B] * 1000})),
    ),
    "all zero": (
        "adapter.no_effect",
        lambda: with_arrays(lambda t: t.update({name: array * 0 for name, array in t.items()})),
    ),
    "B zero": (
        "adapter.no_effect",
        lambda: with_arrays(lambda t: t.update({n: a * 0 for n, a in t.items() if "lora_B" in n})),
    ),
    "next to zero": (
        "adapter.no_effect",
        lambda: with_arrays(lambda t: t.update({n: a * 1e-6 for n, a in t.items()})),
    ),
    "larger than the track allows": ("upload.too_large", lambda: weights() + bytes(MAX_BYTES)),
}


@pytest.mark.parametrize("row", HOSTILE_WEIGHTS)
def test_hostile_weights_are_refused_under_their_own_code(row: str) -> None:
    code, make = HOSTILE_WEIGHTS[row]
    found = inspect(config(), make())
    assert found.refusal is not None
    assert found.refusal.code == code
    with pytest.raises(ValueError, match="no canonical form"):
        found.write_canonical(io.BytesIO(), TINY, io.BytesIO(), io.BytesIO())


def test_a_renamed_pickle_is_called_what_it_is() -> None:
    said = inspect(config(), zipped("archive/data.pkl")).checks[0].detail["problems"][0]
    assert "pickle" in said["message"]
    assert "pickle" in said["detail"]["looks_like"]


def test_an_honest_header_may_look_like_a_pickle() -> None:
    """Its length is the first thing in the file, and 0x…0280 is a length like any other."""
    header, data = layout(tensors())
    raw = json.dumps(header).encode()
    file = pack(raw + b" " * ((0x0280 - len(raw)) % 0x10000), data)
    assert file.startswith(b"\x80\x02")
    assert inspect(config(), file).refusal is None


HOSTILE_CONFIG: dict[str, tuple[str, bytes]] = {
    "not JSON": ("config.invalid", b"r: 8"),
    "array": ("config.invalid", b"[]"),
    "not UTF-8": ("config.invalid", b'{"r": "\xff"}'),
    "large": ("config.invalid", b" " * 65537),
    "nested": ("config.invalid", b"[" * 30_000 + b"]" * 30_000),
    "a little too deep": ("config.invalid", config(eva_config={"a": {"b": {"c": {}}}})),
    "NaN alpha": ("config.invalid", config(lora_alpha=float("nan"))),
    "infinite alpha": ("config.invalid", config(lora_alpha=float("inf"))),
    "duplicate r": ("config.duplicate_key", b'{"r": 4, ' + config()[1:]),
    "auto_mapping": ("config.field_not_allowed", config(auto_mapping={"parent_library": "os"})),
    "megatron_core": ("config.field_not_allowed", config(megatron_core="evil")),
    "vllm_ field": ("config.field_not_allowed", config(vllm_lora_scaling_factor=9)),
    "unknown field in use": ("config.field_not_allowed", config(new_trick={"path": "/etc"})),
    "fan_in_fan_out": ("config.field_not_allowed", config(fan_in_fan_out=True)),
    "other task": ("config.field_not_allowed", config(task_type="SEQ_CLS")),
    "use_rslora 1": ("config.field_not_allowed", config(use_rslora=1)),
    "r huge": ("config.rank", config(r=10**6)),
    "r zero": ("config.rank", config(r=0)),
    "r negative": ("config.rank", config(r=-1)),
    "r true": ("config.rank", config(r=True)),
    "r fraction": ("config.rank", config(r=7.5)),
    "r text": ("config.rank", config(r="8")),
    "r 1e400": ("config.rank", config().replace(b'"r": 4', b'"r": 1e400')),
    "r missing": ("config.rank", config(r=...)),
    "alpha 1e30": ("config.alpha", config(lora_alpha=1e30)),
    "alpha 1e400": ("config.alpha", config().replace(b'"lora_alpha": 8', b'"lora_alpha": 1e400')),
    "alpha beyond floats": ("config.alpha", config(lora_alpha=10**400)),
    "alpha zero": ("config.alpha", config(lora_alpha=0)),
    "alpha true": ("config.alpha", config(lora_alpha=True)),
    "rank_pattern": ("config.pattern_not_allowed", config(rank_pattern={".*": 8})),
    "alpha_pattern": ("config.pattern_not_allowed", config(alpha_pattern={".*": 8})),
    "regex target": ("config.target_modules", config(target_modules="(a+)+$")),
    "unknown target": ("config.target_modules", config(target_modules=["q_proj", "lm_head"])),
    "no target": ("config.target_modules", config(target_modules=[])),
    "target not text": ("config.target_modules", config(target_modules=[["q_proj"]])),
    "layers_pattern": ("config.target_modules", config(layers_pattern="h")),
    "exclude_modules": ("config.target_modules", config(exclude_modules=["q_proj"])),
    "layers_to_transform": ("config.target_modules", config(layers_to_transform=[0])),
    "modules_to_save": ("config.modules_to_save", config(modules_to_save=["lm_head"])),
    "DoRA": ("config.variant_not_supported", config(use_dora=True)),
    "bias": ("config.variant_not_supported", config(bias="all")),
    "lora_bias": ("config.variant_not_supported", config(lora_bias=True)),
    "PiSSA": ("config.variant_not_supported", config(init_lora_weights="pissa")),
    "CorDA": ("config.variant_not_supported", config(corda_config={"cache_file": "/tmp/x"})),
    "layer_replication": ("config.variant_not_supported", config(layer_replication=[[0, 2]])),
    "trainable tokens": ("config.variant_not_supported", config(trainable_token_indices=[1])),
    "another method": ("config.variant_not_supported", config(peft_type="IA3")),
    "URL as base": (
        "config.base_model_mismatch",
        config(base_model_name_or_path="http://10.0.0.1/tiny-base"),
    ),
    "path as base": ("config.base_model_mismatch", config(base_model_name_or_path="/etc/passwd")),
    "climbing base": ("config.base_model_mismatch", config(base_model_name_or_path="../../tiny-base")),
    "sibling as base": ("config.base_model_mismatch", config(base_model_name_or_path="x/tiny-base-it")),
    "base not text": ("config.base_model_mismatch", config(base_model_name_or_path=["tiny-base"])),
}


@pytest.mark.parametrize("row", HOSTILE_CONFIG)
def test_hostile_configs_are_refused_under_their_own_code(row: str) -> None:
    code, data = HOSTILE_CONFIG[row]
    found = inspect(data, weights())
    assert found.refusal is not None
    assert found.refusal.code == code


def test_undeclared_tensors_are_refused() -> None:
    assert codes(inspect(config(target_modules=["q_proj"]), weights())) == ["adapter.undeclared_module"] * 2


def test_the_rank_of_the_track_is_the_limit() -> None:
    assert inspect(config(), weights(), max_rank=RANK).refusal is None
    found = inspect(config(), weights(), max_rank=RANK - 1)
    assert found.refusal is not None
    assert found.refusal.code == "config.rank"


def test_all_problems_are_reported_not_only_the_first() -> None:
    spoilt = with_arrays(lambda t: (t.pop(Q_B), t.update({Q_A: t[Q_A] * np.nan})))
    found = inspect(config(r=99, use_dora=True, base_model_name_or_path="other"), spoilt)
    assert codes(found) == [
        "config.variant_not_supported",
        "config.base_model_mismatch",
        "config.rank",
        "adapter.shape_mismatch",
        "adapter.nonfinite",
    ]
    assert [check.code for check in found.checks] == list(CHECKS)
    states = {check.code: check.status for check in found.checks}
    assert states["format"] == "passed"
    assert states["effect"] == "pending"


def test_what_could_not_be_looked_at_is_pending() -> None:
    found = inspect(b"nonsense", zipped("x"))
    states = {check.code: check.status for check in found.checks}
    assert states == {
        "files": "refused", "format": "pending", "config": "refused", "base": "pending", "rank": "pending",
        "shapes": "pending", "values": "pending", "effect": "pending",
    }  # fmt: skip


def test_a_thousand_problems_are_counted_and_twenty_told() -> None:
    arrays = {f"base_model.model.model.layers.{i}.x.lora_A.weight": np.ones((1, 1)) for i in range(1000)}
    found = inspect(config(), pack(*layout({n: a.astype(np.float32) for n, a in arrays.items()})))
    shapes = found.checks[CHECKS.index("shapes")].detail
    assert len(shapes["problems"]) == MAX_PROBLEMS
    assert shapes["total"] == 1000 + 4  # and the four declared modules that are not there


def test_no_content_of_the_files_is_repeated() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    found = inspect(config(**{hostile: 1}), renamed(hostile))
    assert hostile not in "".join(check.model_dump_json() for check in found.checks)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"target_modules": "all-linear"},
        {"target_modules": ["self_attn.q_proj", "mlp.down_proj"]},
        {"base_model_name_or_path": "/home/me/models/Tiny-Base/"},
        {"base_model_name_or_path": "C:\\models\\tiny-base"},
        {"use_rslora": True},
        {"lora_alpha": 8.0},
        {"task_type": None},
        {"init_lora_weights": "gaussian"},
        {"a_field_of_next_year": None, "another": False, "and_another": []},
    ],
)
def test_honest_configs_are_admitted(changes: dict[str, Any]) -> None:
    found = inspect(config(**changes), weights())
    assert found.refusal is None
    assert {check.status for check in found.checks} == {"passed"}


def test_a_config_without_a_base_is_admitted_with_a_warning() -> None:
    found = inspect(config(base_model_name_or_path=None), weights())
    assert found.refusal is None
    assert {check.code for check in found.checks if check.status == "warning"} == {"base"}


def canonical(config_bytes: bytes, weight_bytes: bytes) -> tuple[bytes, bytes]:
    source = io.BytesIO(weight_bytes)
    found = inspect_adapter(config_bytes, source, TINY, 8, MAX_BYTES)
    assert found.refusal is None, found.refusal
    config_out, weights_out = io.BytesIO(), io.BytesIO()
    found.write_canonical(source, TINY, config_out, weights_out)
    return config_out.getvalue(), weights_out.getvalue()


def test_the_canonical_form_keeps_the_tensors_and_nothing_else() -> None:
    made = tensors()
    header, data = layout(made)
    config_bytes, weight_bytes = canonical(config(), pack({"__metadata__": {"format": "pt"}, **header}, data))
    loaded = safetensors.numpy.load(weight_bytes)
    assert loaded.keys() == made.keys()
    assert all((loaded[name] == made[name]).all() for name in made)
    assert b"__metadata__" not in weight_bytes
    assert json.loads(config_bytes) == {
        "base_model_name_or_path": "tiny-base", "bias": "none", "lora_alpha": 8, "peft_type": "LORA", "r": RANK,
        "target_modules": ["down_proj", "q_proj"], "task_type": "CAUSAL_LM", "use_rslora": False,
    }  # fmt: skip


def test_the_canonical_form_does_not_depend_on_who_wrote_the_file() -> None:
    made = tensors()
    backwards = dict(reversed(made.items()))
    one = canonical(config(), pack(*layout(made)))
    other = canonical(
        config(target_modules=["mlp.down_proj", "q_proj"], lora_alpha=8.0), pack(*layout(backwards))
    )
    library = canonical(config(), safetensors.numpy.save(made, metadata={"format": "pt"}))
    assert one == other == library


def test_the_canonical_form_of_the_canonical_form_is_itself() -> None:
    once = canonical(config(), weights())
    assert canonical(*once) == once


TENSOR_SETS = st.dictionaries(
    st.integers(0, 99).map(lambda n: f"base_model.model.m{n}.lora_{'AB'[n % 2]}.weight"),
    st.tuples(
        st.sampled_from(sorted(ours.ITEM_BYTES)),
        st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=12,
)


@given(TENSOR_SETS, st.randoms(use_true_random=False))
def test_what_is_written_is_read_back(described: dict[str, tuple[str, tuple[int, ...]]], draw: Any) -> None:
    raw = {
        name: draw.randbytes(int(np.prod(shape)) * ours.ITEM_BYTES[dtype])
        for name, (dtype, shape) in described.items()
    }
    shuffled = [(name, dtype, shape) for name, (dtype, shape) in described.items()]
    draw.shuffle(shuffled)
    out = io.BytesIO()
    ours.write_tensors(out, shuffled, lambda name: [raw[name]])
    entries = ours.read_header(out, len(out.getvalue()))
    assert {entry.name: (entry.dtype, entry.shape) for entry in entries} == described
    assert {entry.name: b"".join(ours.tensor_chunks(out, entry)) for entry in entries} == raw
    assert all(entry.begin % ours.ITEM_BYTES[entry.dtype] == 0 for entry in entries)


@given(st.binary(max_size=200))
def test_noise_is_refused_never_raised(noise: bytes) -> None:
    assert inspect(noise, noise).refusal is not None


@given(st.integers(0, len(weights()) - 1), st.integers(0, 255))
def test_one_changed_byte_is_refused_or_harmless(place: int, value: int) -> None:
    file = bytearray(weights())
    file[place] = value
    found = inspect(config(), bytes(file))
    if found.refusal is None:
        config_bytes, weight_bytes = canonical(config(), bytes(file))
        assert inspect(config_bytes, weight_bytes).refusal is None


def test_bf16_is_read_as_the_upper_half_of_a_float() -> None:
    values = np.array([1.0, -2.5, 0.0, 3.140625, -0.0078125], np.float32)
    raw = (values.view("<u4") >> 16).astype("<u2").tobytes()
    assert (ours.to_float32(raw, "BF16") == values).all()


def test_delta_rms_is_that_of_the_product() -> None:
    draw = np.random.default_rng(3)
    a, b = draw.normal(size=(4, 30)), draw.normal(size=(20, 4))
    assert delta_rms(a, b) == pytest.approx(np.sqrt(np.mean((b @ a) ** 2)))


IDENTITY_DIGEST = "0284692c1adce253357f450e30aef8aad6627454cc598b48d65965568a1ee61d"


def test_the_house_adapter_never_changes() -> None:
    """Its digest names it on every node and in every provenance record; a change would make it another entry."""
    digest = ours.adapter_digest(*ours.identity_adapter(HOUSE_MODEL))
    assert digest == IDENTITY_DIGEST
    assert ours.engine_name(digest) == "a-0284692c1adce253357f450e30aef8aa"


def test_the_house_adapter_loads_and_changes_nothing() -> None:
    config_bytes, weight_bytes = ours.identity_adapter(HOUSE_MODEL)
    torch = pytest.importorskip("torch")
    from safetensors.torch import load

    loaded = load(weight_bytes)
    assert len(loaded) == 2 * len(HOUSE_MODEL.tensor_names())
    assert {tensor.dtype for tensor in loaded.values()} == {torch.bfloat16}
    assert not any(tensor.any() for name, tensor in loaded.items() if "lora_B" in name)
    assert all(tensor.all() for name, tensor in loaded.items() if "lora_A" in name)
    found = inspect_adapter(config_bytes, io.BytesIO(weight_bytes), HOUSE_MODEL, 16, 1 << 26)
    assert codes(found) == ["adapter.no_effect"]


def test_identity_adapters_exist_for_every_rank() -> None:
    other = dataclasses.replace(TINY, id="other")
    for rank in range(1, TINY.max_rank + 1):
        assert codes(inspect(*ours.identity_adapter(TINY, rank))) == ["adapter.no_effect"]
    assert ours.identity_adapter(other) != ours.identity_adapter(TINY)
