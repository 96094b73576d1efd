"""The adapter files: how refusals are told, what is admitted, and what becomes of it. (The corpus of what is refused is
tested in test_hostile_adapters.)"""

import dataclasses
import io
import json
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
from arena.submissions.checklist import MAX_PROBLEMS
from arena.submissions.inspection import CHECKS, Inspection, inspect_adapter
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


def with_arrays(change: Callable[[dict[str, Any]], object]) -> bytes:
    arrays = tensors()
    change(arrays)
    return pack(*layout(arrays))


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, b"\x80\x02}q\x00.")
    return out.getvalue()


def renamed(name: str) -> bytes:
    def change(header: Header, data: bytes) -> bytes:
        header[name] = header.pop(Q_A)
        return pack(header, data)

    return spoiled(change)


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


def test_a_module_named_for_some_layers_only_is_refused() -> None:
    found = inspect(config(target_modules=["down_proj", "model.layers.0.self_attn.q_proj"]), weights())
    assert codes(found) == ["config.target_modules"]


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
        {"init_lora_weights": "eva", "eva_config": {"rho": 2.0, "tau": 0.99}},
        {
            "target_modules": [
                f"model.layers.{i}.{m}" for i in (1, 0) for m in ("mlp.down_proj", "self_attn.q_proj")
            ]
        },
        {"target_modules": ["down_proj", "0.self_attn.q_proj", "layers.1.self_attn.q_proj"]},
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


def test_bf16_is_read_as_the_upper_half_of_a_float() -> None:
    values = np.array([1.0, -2.5, 0.0, 3.140625, -0.0078125], np.float32)
    raw = (values.view("<u4") >> 16).astype("<u2").tobytes()
    assert (ours.to_float32(raw, "BF16") == values).all()


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
