"""Full models: what is refused and why, and one that is sealed as a single file."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from arena.submissions.model import CHECKS, ModelInspection, inspect_model
from arena.submissions.safetensors import write_tensors
from tests.arena.submissions.test_line import change_rules, new_entry, verify
from tests.support import model_files as models
from tests.support.adapter_files import layout, pack
from tests.support.lab import Lab
from tests.support.model_files import TINY, Arrays, config, index, split, tensors, weight_map, whole
from tests.support.portal import Caller, Portal
from tests.support.show import send_files

MAX_BYTES = 1 << 20
ODD = "model.layers.1.mlp.up_proj.weight"


@dataclass(frozen=True)
class Sent:
    shards: dict[str, bytes] = field(default_factory=whole)
    config: bytes = field(default_factory=config)
    index: bytes | None = None


def inspected(sent: Sent, max_bytes: int = MAX_BYTES) -> tuple[ModelInspection, dict[str, io.BytesIO]]:
    files = {name: io.BytesIO(body) for name, body in sent.shards.items()}
    return inspect_model(sent.config, sent.index, files, TINY, max_bytes), files


def canonical(sent: Sent) -> tuple[bytes, bytes]:
    found, files = inspected(sent)
    assert found.refusal is None, found.refusal
    config_out, weights_out = io.BytesIO(), io.BytesIO()
    found.write_canonical(files, TINY, config_out, weights_out)
    return config_out.getvalue(), weights_out.getvalue()


# --- what is admitted -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_however_it_is_split_the_canonical_form_is_one(dtype: str) -> None:
    one = canonical(Sent(whole(dtype=dtype)))
    for count in (1, 2, 3):
        assert canonical(Sent(split(count=count, dtype=dtype), index=index(count=count))) == one
    assert {check.status for check in inspected(Sent(whole(dtype=dtype)))[0].checks} == {"passed"}


def test_the_canonical_form_is_the_same_model_without_its_metadata() -> None:
    made = tensors()
    sent = safetensors.numpy.save(made, metadata={"format": "pt", "note": "<script>"})
    config_out, weights_out = canonical(one(sent))
    read = safetensors.numpy.load(weights_out)
    assert read.keys() == made.keys()
    assert all(np.array_equal(read[name], made[name]) for name in made)
    assert b"script" not in weights_out
    assert json.loads(config_out) == dict(TINY.config)
    assert canonical(Sent({"model.safetensors": weights_out}, config_out)) == (config_out, weights_out)


SAID_OTHERWISE = {
    "without what a library knows": config(rope_parameters=..., _sliding_window_pattern=..., layer_types=...),
    "in the words of an older library": config(
        rope_parameters=..., rope_theta=1000000, rope_local_base_freq=10000.0, rope_scaling=None,
        _sliding_window_pattern=..., sliding_window_pattern=6, torch_dtype="bfloat16", dtype=...,
    ),
    "after single precision": config(rms_norm_eps=9.999999974752427e-07),
    "with fields at nothing": config(quantization_config=None, auto_map={}, pruned_heads={}, is_decoder=False),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID_OTHERWISE)
def test_a_config_that_says_the_same_is_admitted(case: str) -> None:
    assert inspected(Sent(config=SAID_OTHERWISE[case]))[0].refusal is None


# --- what is refused --------------------------------------------------------------------------------------------


def without(name: str) -> Arrays:
    return {other: array for other, array in tensors().items() if other != name}


def spoiled(value: float, dtype: str = "F32") -> dict[str, bytes]:
    made = tensors()
    made[ODD][-1, -1] = value
    return whole(made, dtype)


def one(body: bytes) -> Sent:
    return Sent({"model.safetensors": body})


def more(name: str, *shape: int) -> Sent:
    """With another tensor."""
    return Sent(whole(tensors() | {name: np.zeros(shape, np.float32)}))


def twice() -> dict[str, bytes]:
    """One tensor in both shards."""
    made = tensors()
    first, second = split(made)
    names = sorted(made)
    return {
        first: models.stored({name: made[name] for name in [*names[0::2], names[1]]}),
        second: models.stored({name: made[name] for name in names[1::2]}),
    }


def shards(**changes: bytes) -> dict[str, bytes]:
    """Two shards, `first` or `second` replaced."""
    made = split()
    return {
        name: changes.get(place, body)
        for (name, body), place in zip(made.items(), ("first", "second"), strict=True)
    }


def header(**changes: object) -> bytes:
    """One file whose header says something else about the tensor ODD."""
    described, data = layout(tensors())
    described[ODD] |= changes
    return pack(described, data)


FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"

REFUSED: dict[str, tuple[Sent, str]] = {
    # files and format
    "a pickle": (one(b"\x80\x04\x95" + bytes(100)), "st.header_invalid"),
    "a checkpoint": (one(b"PK\x03\x04archive/data.pkl" + bytes(99)), "artifact.type_not_allowed"),
    "GGUF": (one(b"GGUF" + bytes(99)), "artifact.type_not_allowed"),
    "a pointer": (one(b"version https://git-lfs.github.com/spec/v1\n"), "artifact.type_not_allowed"),
    "an archive": (one(b"\x1f\x8b" + bytes(99)), "artifact.archive_not_allowed"),
    "too small": (one(b"abc"), "st.too_small"),
    "cut off": (one(whole()["model.safetensors"][:-1]), "st.bad_offsets"),
    "a tail": (one(whole()["model.safetensors"] + b"x"), "st.trailing_bytes"),
    "a cut shard": (Sent(shards(second=split()[FIRST][:-9]), index=index()), "st.bad_offsets"),
    "an empty shard": (Sent(shards(second=pack({}, b"")), index=index()), "adapter.empty"),
    "integers": (one(header(dtype="I8")), "st.dtype_not_allowed"),
    "eight bits": (one(header(dtype="F8_E4M3")), "st.dtype_not_allowed"),
    "a wrong size": (one(header(shape=[12, 9])), "st.bad_shape"),
    "a path for a name": (more("../../etc/passwd", 2), "st.bad_key"),
    # config.json
    "no JSON": (Sent(config=b"{"), "model.config_invalid"),
    "a list": (Sent(config=b"[]"), "model.config_invalid"),
    "a key twice": (Sent(config=config()[:-1] + b',"hidden_size":8}'), "model.config_invalid"),
    "NaN": (Sent(config=config(rms_norm_eps=float("nan"))), "model.config_invalid"),
    "nested deeply": (Sent(config=config(x=[[[[[1]]]]])), "model.config_invalid"),
    "a huge config": (Sent(config=config(x="x" * (64 << 10))), "model.config_invalid"),
    "auto_map": (Sent(config=config(auto_map={"AutoModel": "evil--modeling.Evil"})), "model.code_not_allowed"),
    "custom pipelines": (Sent(config=config(custom_pipelines={"x": {"impl": "evil.P"}})), "model.code_not_allowed"),
    "trusting": (Sent(config=config(trust_remote_code=True)), "model.code_not_allowed"),
    "another type": (Sent(config=config(model_type="mamba")), "model.architecture"),
    "no type": (Sent(config=config(model_type=...)), "model.architecture"),
    "another class": (Sent(config=config(architectures=["EvilForCausalLM"])), "model.architecture"),
    "two classes": (Sent(config=config(architectures=["Gemma3ForCausalLM", "Evil"])), "model.architecture"),
    "wider": (Sent(config=config(hidden_size=16)), "model.config_mismatch"),
    "deeper": (Sent(config=config(num_hidden_layers=10**9)), "model.config_mismatch"),
    "true for one": (Sent(config=config(attention_bias=0)), "model.config_mismatch"),
    "a larger vocabulary": (Sent(config=config(vocab_size=32)), "model.config_mismatch"),
    "another rope": (Sent(config=config(rope_parameters=..., rope_theta=5e5)), "model.config_mismatch"),
    "another window": (Sent(config=config(sliding_window_pattern=2)), "model.config_mismatch"),
    "quantised": (Sent(config=config(quantization_config={"quant_method": "gptq"})), "model.quantised"),
    "compressed": (Sent(config=config(compression_config={"format": "x"})), "model.quantised"),
    "a field of its own": (Sent(config=config(attn_implementation="own")), "model.field_not_allowed"),
    # the index
    "no index": (Sent(split(), index=b"not JSON"), "model.index_invalid"),
    "an index of a list": (Sent(split(), index=b"[]"), "model.index_invalid"),
    "an index of numbers": (Sent(split(), index=index(weight_map={ODD: 1})), "model.index_invalid"),
    "an empty index": (Sent(split(), index=index(weight_map={})), "model.index_invalid"),
    "an index with more": (Sent(split(), index=index(auto_map={"a": "b"})), "model.index_invalid"),
    "an index with a key twice": (Sent(split(), index=b'{"weight_map":{"a":"b","a":"c"}}'), "model.index_invalid"),
    "a huge index": (Sent(split(), index=b" " * ((2 << 20) + 1)), "model.index_invalid"),
    "a path in the index": (Sent(split(), index=weight_map({ODD: f"../{FIRST}"})), "model.index_path"),
    "an absolute path": (Sent(split(), index=weight_map({ODD: "/etc/passwd"})), "model.index_path"),
    "an address": (Sent(split(), index=weight_map({ODD: f"https://evil.example/{FIRST}"})), "model.index_path"),
    "another shard": (Sent(split(), index=weight_map({ODD: "model-00003-of-00003.safetensors"})), "model.index_path"),
    "a line break": (Sent(split(), index=weight_map({ODD: f"{FIRST}\n"})), "model.index_path"),
    "the wrong shard": (Sent(split(), index=weight_map({min(tensors()): SECOND})), "model.index_mismatch"),
    "one not listed": (Sent(split(), index=weight_map({ODD: ...})), "model.index_mismatch"),
    "one that is not there": (Sent(split(), index=weight_map({"ghost": FIRST})), "model.index_mismatch"),
    # tensors
    "one too many": (more("model.extra.weight", 2), "model.unknown_tensor"),
    "a head of its own": (more("lm_head.weight", 24, 8), "model.unknown_tensor"),
    "a LoRA beside": (more(f"base_model.model.{ODD}", 2), "model.unknown_tensor"),
    "one too few": (Sent(whole(without(ODD))), "model.missing_tensor"),
    "a norm too few": (Sent(whole(without("model.norm.weight"))), "model.missing_tensor"),
    "one twice": (Sent(twice(), index=index()), "model.duplicate_tensor"),
    "transposed": (Sent(whole(tensors() | {ODD: tensors()[ODD].T.copy()})), "model.shape_mismatch"),
    "flat": (Sent(whole(tensors() | {ODD: tensors()[ODD].ravel()})), "model.shape_mismatch"),
    # values
    "not a number": (Sent(spoiled(float("nan"))), "model.nonfinite"),
    "infinite": (Sent(spoiled(float("-inf"))), "model.nonfinite"),
    "beyond half precision": (Sent(spoiled(65536.0)), "model.nonfinite"),
    "infinite in half": (Sent(spoiled(float("inf"), "F16")), "model.nonfinite"),
    "not a number in BF16": (Sent(spoiled(float("nan"), "BF16")), "model.nonfinite"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_each_trick_has_its_code(case: str) -> None:
    sent, code = REFUSED[case]
    found, files = inspected(sent)
    assert found.refusal is not None, "admitted"
    assert found.refusal.code == code
    with pytest.raises(ValueError, match="no canonical form"):
        found.write_canonical(files, TINY, io.BytesIO(), io.BytesIO())


def test_shards_together_are_held_to_the_limit() -> None:
    size = sum(map(len, split().values()))
    assert inspected(Sent(split(), index=index()), size)[0].refusal is None
    refusal = inspected(Sent(split(), index=index()), size - 1)[0].refusal
    assert refusal is not None
    assert refusal.code == "upload.too_large"


def test_a_problem_says_in_which_file_it_is() -> None:
    found, _ = inspected(Sent(shards(second=b"GGUF" + bytes(99)), index=index()))
    (problem,) = found.checks[0].detail["problems"]
    assert problem["detail"]["file"] == SECOND
    assert problem["message"].startswith(f"{SECOND}: ")


def test_what_was_not_reached_says_so() -> None:
    found, _ = inspected(Sent({"model.safetensors": b"GGUF" + bytes(99)}, config=config(vocab_size=1)))
    assert {check.code: check.status for check in found.checks} == {
        "files": "refused", "format": "pending", "model_config": "refused", "index": "pending", "tensors": "pending",
        "values": "pending",
    }  # fmt: skip


# --- through the line -------------------------------------------------------------------------------------------


@pytest.fixture
async def ada(portal: Portal) -> Caller:
    await portal.relay()
    portal.waker.lab_links.clear()  # the house's benchmark
    track = (await portal.anybody().get_ok("/seasons/current"))["track"]
    await change_rules(portal, track=track | {"artifacts": ["adapter", "model"]})
    return await portal.person("contestant", "Ada")


async def test_the_lab_s_sandbox_reads_shards(portal: Portal, ada: Caller) -> None:
    """A tiny model is not the house model: it is taken in, looked at, and refused with every reason."""
    files = {"config.json": config(), "model.safetensors.index.json": index(), **split()}
    sent = await send_files(ada, await new_entry(ada), "model", files)
    assert await verify(portal) == "done"
    seen = await ada.get_ok(f"/submissions/{sent['id']}")
    assert (seen["state"], seen["refusal"]["code"]) == ("refused", "model.config_mismatch")
    assert {check["code"]: check["status"] for check in seen["checks"]} == {
        "files": "passed", "format": "passed", "model_config": "refused", "index": "passed", "tensors": "refused",
        "values": "passed",
    }  # fmt: skip
    assert [check["code"] for check in seen["checks"]] == list(CHECKS)


async def test_a_verified_model_waits_for_no_job(portal: Portal, ada: Caller) -> None:
    """The test plays the lab. No node offers a replica for a model of its own, so nothing follows, and that is said."""
    out = io.BytesIO()
    write_tensors(out, [("model.norm.weight", "F32", (1,))], lambda _: [bytes(4)])
    files = {"config.json": b"{}", "model.safetensors": out.getvalue()}
    sent = await send_files(ada, await new_entry(ada), "model", files)
    await Lab(portal).work_off()
    await portal.drain()
    seen = await ada.get_ok(f"/submissions/{sent['id']}")
    assert (seen["state"], seen["artifact"], seen["waiting"], seen["refusal"]) == (
        "verified",
        "model",
        None,
        None,
    )
    assert portal.waker.lab_links == []
    sealed = Path(f"sealed/{seen['digest']}")
    assert await portal.site.storage.read(str(sealed / "model.safetensors")) == out.getvalue()
