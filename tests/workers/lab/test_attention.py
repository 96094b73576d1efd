"""`duels.attention` from wake-up to file, with a tiny model of the house model's kind."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from arena.duels.attention import ATTEND, SOURCES, TOKENS, WHOLE, AttentionMap, AttentionResult
from arena.shows.base_models import HOUSE_MODEL
from tests.support.lab_portal import LabPortal, serve_lab_portal
from workers.lab.attention_child import rollout
from workers.lab.runner import run_job
from workers.pool import fake_text
from workers.pool.model_store import write_manifest

pytestmark = pytest.mark.timeout(300)

WINDOW = 6
PROMPT = HOUSE_MODEL.render("Why?", "Answer like the sea.")
ANSWER = [fake_text.FIRST_BYTE + byte for byte in b"The tide."] + [fake_text.EOS]


@dataclass(frozen=True)
class Tiny:
    """A base model in the lab's own folder, and an adapter for it."""

    data_dir: Path
    model: Path
    adapter: Path
    digest: str


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    data_dir, adapter = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("adapter")
    folder = data_dir / "models" / HOUSE_MODEL.id
    fake_text.write_tokenizer(folder)
    torch.manual_seed(1)
    config = AutoConfig.for_model(
        "gemma3_text", hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=12, vocab_size=512, max_position_embeddings=1024, sliding_window=WINDOW,
        layer_types=["sliding_attention", "sliding_attention", "full_attention"], pad_token_id=0, eos_token_id=1,
        bos_token_id=2,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    for name, parameter in model.named_parameters():
        if "proj" in name:  # as it is made, it looks everywhere alike
            torch.nn.init.normal_(parameter, std=0.4)
    model.save_pretrained(folder)
    tuned = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "k_proj"]))
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.4)
    tuned.save_pretrained(adapter, save_embedding_layers=False)
    digest = write_manifest(folder, HOUSE_MODEL.id, "package:none", "0" * 64, {}).base_digest
    return Tiny(data_dir, folder, adapter, digest)


def attended(tiny: Tiny, portal: LabPortal, **changes: object) -> str:
    """Run the job; returns how it ended."""
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        portal.files[f"/{name}"] = (tiny.adapter / name).read_bytes()
    portal.kind = ATTEND
    portal.contract = {
        "view_id": "v", "base_model": HOUSE_MODEL.id, "base_digest": tiny.digest,
        "engine_url": "http://127.0.0.1:9", "engine_token": "t",
        "adapter": {
            "digest": "d", "name": "a-1",
            "config_url": f"{portal.url}/adapter_config.json",
            "weights_url": f"{portal.url}/adapter_model.safetensors",
        },
        "rendered": PROMPT, "token_ids": ANSWER, "put_url": f"{portal.url}/map",
    } | changes  # fmt: skip
    portal.claimable = True
    portal.calls.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAVEL_DATA_DIR", str(tiny.data_dir))
        return run_job(portal.job_url)


def map_of(portal: LabPortal) -> AttentionMap:
    return AttentionMap.model_validate_json(portal.files["/map"])


@pytest.fixture(scope="module")
def done(tiny: Tiny) -> Iterator[LabPortal]:
    with serve_lab_portal() as portal:
        assert attended(tiny, portal) == "done", portal.bodies("fail")
        yield portal


def direct(tiny: Tiny, adapted: bool = True) -> list[torch.Tensor]:
    """What transformers itself gives: of each layer the mean over heads."""
    model = AutoModelForCausalLM.from_pretrained(tiny.model, attn_implementation="eager").eval()
    if adapted:
        model = PeftModel.from_pretrained(model, tiny.adapter).eval()
    ids = torch.tensor([[*fake_text.encode(PROMPT), *ANSWER]])
    with torch.no_grad():
        said: Any = model(input_ids=ids, output_attentions=True)
    return [weights[0].double().mean(0) for weights in said.attentions]


def test_the_file_is_the_one_that_the_result_names(done: LabPortal) -> None:
    (body,) = done.bodies("complete")
    result = AttentionResult.model_validate(body["result"])
    assert hashlib.sha256(done.files["/map"]).hexdigest() == result.sha256
    told = [beat["progress"]["note"] for beat in done.bodies("heartbeat") if beat["progress"]]
    assert set(told) <= {"base_model", "loading", "reading", "read"}
    assert told


def test_every_token_of_prompt_and_answer_has_a_row(done: LabPortal) -> None:
    found = map_of(done)
    assert (len(found.prompt), found.answer) == (len(PROMPT.encode()) + 1, len(ANSWER))
    assert found.prompt[0] == (0, 0), "the mark at the beginning is no character"
    assert "".join(PROMPT[start:end] for start, end in found.prompt) == PROMPT


def test_rows_are_sorted_and_have_no_more_than_all(done: LabPortal) -> None:
    found = map_of(done)
    for layer in (*found.layers, found.rollout):
        for place, (sources, weights) in enumerate(zip(layer.sources, layer.weights, strict=True)):
            assert 1 <= len(sources) == len(weights) <= SOURCES
            assert sum(weights) <= WHOLE
            assert all(first >= then for first, then in pairwise(weights))
            assert all(source <= place for source in sources)
    assert found.layers[-1].weights[0] == [WHOLE], "the first token sees itself alone"


def test_the_layers_say_how_far_they_see(done: LabPortal) -> None:
    found = map_of(done)
    assert [(layer.kind, layer.window) for layer in found.layers] == [
        ("sliding", WINDOW),
        ("sliding", WINDOW),
        ("global", None),
    ]
    near = found.layers[0]
    assert all(place - source < WINDOW for place, row in enumerate(near.sources) for source in row)
    far = found.layers[2]
    assert any(place - source >= WINDOW for place, row in enumerate(far.sources) for source in row)


def test_the_weights_are_those_of_transformers(done: LabPortal, tiny: Tiny) -> None:
    found = map_of(done)
    layers = direct(tiny)
    for layer, rows in zip((*found.layers, found.rollout), (*layers, rollout(layers)), strict=True):
        for row, sources, weights in zip(rows, layer.sources, layer.weights, strict=True):
            best = row.topk(min(SOURCES, len(row))).values.tolist()
            assert weights == pytest.approx([value * WHOLE for value in best][: len(weights)], abs=1.01)
            assert [row[source].item() * WHOLE for source in sources] == pytest.approx(weights, abs=1.01)


def test_it_is_the_adapter_that_looks(done: LabPortal, tiny: Tiny) -> None:
    found, plain = map_of(done).layers[-1], direct(tiny, adapted=False)[-1]
    apart = [
        abs(plain[place][source].item() * WHOLE - weight)
        for place, row in enumerate(found.sources)
        for source, weight in zip(row, found.weights[place], strict=True)
    ]
    assert max(apart) > 100


def test_rollout_of_equal_looks() -> None:
    """Two tokens, two layers that look at both alike: half of each stays with itself, twice."""
    rows = torch.tensor([[1.0, 0.0], [0.5, 0.5]], dtype=torch.float64)
    assert torch.allclose(rollout([rows, rows]), torch.tensor([[1.0, 0.0], [0.4375, 0.5625]]).double())


def test_a_long_answer_is_read_to_the_limit(tiny: Tiny, portal: LabPortal) -> None:
    assert attended(tiny, portal, token_ids=ANSWER * 100) == "done"
    found = map_of(portal)
    assert len(found.prompt) + found.answer == TOKENS


def test_a_prompt_that_is_too_long_is_said_to_be(tiny: Tiny, portal: LabPortal) -> None:
    assert attended(tiny, portal, rendered="x" * TOKENS) == "failed"
    (failed,) = portal.bodies("fail")
    assert (failed["retry"], "prompt alone" in failed["reason"]) == (False, True)
    assert "/map" not in portal.files


def test_other_weights_are_not_taken(tiny: Tiny, portal: LabPortal) -> None:
    """The lab has some, and the node that has the right ones is down."""
    assert attended(tiny, portal, base_digest="1" * 64) == "failed"
    (failed,) = portal.bodies("fail")
    assert failed["retry"]


def test_weights_that_are_no_numbers_fail(tiny: Tiny, portal: LabPortal, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "adapter_config.json").write_bytes((tiny.adapter / "adapter_config.json").read_bytes())
    tensors = load_file(tiny.adapter / "adapter_model.safetensors")
    save_file({name: value * 1e30 for name, value in tensors.items()}, broken / "adapter_model.safetensors")
    ended = attended(Tiny(tiny.data_dir, tiny.model, broken, tiny.digest), portal)
    assert ended == "failed"
    assert "NaN" in portal.bodies("fail")[0]["reason"]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"weights": [[WHOLE], [4000, 7000]]}, "at most one"),
        ({"weights": [[WHOLE], [3000, 4000]]}, "fall"),
        ({"sources": [[0], [1, 1]]}, "each source once"),
        ({"sources": [[1], [1, 0]]}, "looks ahead"),
        ({"sources": [[0], [1]]}, "one weight for each"),
        ({"kind": "sliding"}, "window"),
    ],
)
def test_a_map_that_cannot_be_one_is_none(change: dict[str, object], wrong: str) -> None:
    good = {"kind": "global", "sources": [[0], [1, 0]], "weights": [[WHOLE], [6000, 4000]]}
    map = {"prompt": [[0, 0]], "answer": 1, "layers": [good], "rollout": good | {"kind": "rollout"}}
    AttentionMap.model_validate_json(json.dumps(map))
    with pytest.raises(ValueError, match=wrong):
        AttentionMap.model_validate_json(json.dumps(map | {"layers": [good | change]}))
