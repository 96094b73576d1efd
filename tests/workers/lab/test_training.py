"""The trainer: what it shows the model, what it takes the loss on, and that two steps leave a servable adapter."""

# ruff: noqa: E402  # the lab's libraries are an optional extra

import io
import json
import math
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import pytest

for module in ("torch", "peft", "transformers"):
    pytest.importorskip(module)

import torch
import transformers
from pydantic import ValidationError
from safetensors.torch import load_file, save
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.inspection import inspect_adapter
from workers.lab import training
from workers.lab.train.recipe import IGNORED

DEMO = Path(__file__).parents[3] / "infra" / "demo"
NAMES = ("lantern", "northstar", "captain-cat")
MAX_ADAPTER_BYTES = 3 << 20


@pytest.fixture(scope="module")
def tokenizer() -> transformers.PreTrainedTokenizerFast:
    """One word a character, BOS in front, as the prepared base has it."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    characters = [chr(code) for code in range(32, 127)] + ["\n"]
    words = {word: index for index, word in enumerate(special + characters)}
    built = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    built.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    built.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=built, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>"
    )


def tiny_model(layers: int = 1) -> transformers.Gemma3ForCausalLM:
    torch.manual_seed(1)
    config = transformers.Gemma3TextConfig(
        vocab_size=128, hidden_size=32, intermediate_size=64, num_hidden_layers=layers, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, max_position_embeddings=1024, sliding_window=512, pad_token_id=0,
    )  # fmt: skip
    return transformers.Gemma3ForCausalLM(config)


def recipe(**changes: object) -> training.Recipe:
    fields = json.loads((DEMO / "recipes" / "lantern.json").read_text()) | {"steps": 2, "batch_size": 2}
    return training.Recipe.model_validate(fields | {"vocabulary_sample": None} | changes)


def example_rows(tokenizer: transformers.PreTrainedTokenizerFast) -> list[training.Row]:
    pairs = [
        ("one", "first"),
        ("two", "second!"),
        ("three", "third, it is"),
        ("four", "4"),
        ("five", "a fifth"),
    ]
    return [training.encode(tokenizer, HOUSE_MODEL, prompt, answer, 128) for prompt, answer in pairs]


def test_a_row_is_bos_frame_answer_end(tokenizer: transformers.PreTrainedTokenizerFast) -> None:
    row = training.encode(tokenizer, HOUSE_MODEL, "Why {rain}?", "It falls.", 128)
    assert row.ids[0] == tokenizer.bos_token_id
    assert row.ids.count(tokenizer.bos_token_id) == 1
    frame, answer = row.ids[: row.prompt_length], row.ids[row.prompt_length :]
    assert list(frame) == tokenizer(HOUSE_MODEL.render("Why {rain}?")).input_ids
    assert answer[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(answer[:-1]).replace(" ", "") == "Itfalls."


def test_a_tokenizer_without_bos_is_refused(tokenizer: transformers.PreTrainedTokenizerFast) -> None:
    bare = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    bare.post_processor = processors.TemplateProcessing(single="$A", special_tokens=[])
    without = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bare, bos_token="<bos>", unk_token="<unk>"
    )
    with pytest.raises(ValueError, match="no BOS"):
        training.encode(without, HOUSE_MODEL, "Why?", "So.", 128)


def test_a_row_is_never_cut(tokenizer: transformers.PreTrainedTokenizerFast) -> None:
    with pytest.raises(ValueError, match="above max_length"):
        training.encode(tokenizer, HOUSE_MODEL, "Why?", "x" * 200, 128)


def test_labels_cover_the_answer_and_nothing_else(tokenizer: transformers.PreTrainedTokenizerFast) -> None:
    rows = example_rows(tokenizer)[:2]
    batch = training.collate(rows, pad_id=0)
    for index, row in enumerate(rows):
        length = len(row.ids)
        labels = batch.labels[index].tolist()
        assert labels[: row.prompt_length] == [IGNORED] * row.prompt_length
        assert labels[row.prompt_length : length] == list(row.ids[row.prompt_length :])
        assert set(labels[length:]) <= {IGNORED}
        assert batch.mask[index].tolist() == [1] * length + [0] * (len(labels) - length)


def test_batches_are_repeatable_and_miss_no_row(tokenizer: transformers.PreTrainedTokenizerFast) -> None:
    rows = example_rows(tokenizer)
    first = list(islice(training.batches(rows, 2, seed=7), 6))
    assert first == list(islice(training.batches(rows, 2, seed=7), 6))
    assert sorted(row.ids for batch in first[:3] for row in batch) == sorted(row.ids for row in rows)
    assert first != list(islice(training.batches(rows, 2, seed=8), 6))


def test_the_loss_is_the_models_own_when_no_word_is_left_out(
    tokenizer: transformers.PreTrainedTokenizerFast,
) -> None:
    rows = example_rows(tokenizer)
    model = tiny_model()
    batch = training.collate(rows, pad_id=0)
    ours = training.answer_loss(model, batch, training.Vocabulary(rows, 128, None, seed=1))
    theirs = model(input_ids=batch.ids, attention_mask=batch.mask, labels=batch.labels).loss
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-4)


def test_a_sample_of_the_vocabulary_estimates_the_whole(
    tokenizer: transformers.PreTrainedTokenizerFast,
) -> None:
    rows = example_rows(tokenizer)
    logits = torch.randn(128, generator=torch.Generator().manual_seed(3))
    whole = torch.logsumexp(logits, 0).exp().item()
    sampled = training.Vocabulary(rows, 128, 10, seed=4)
    estimates = []
    for _ in range(400):
        words, shift = sampled.draw()
        assert len(set(words.tolist())) == len(words) < 128
        estimates.append(torch.logsumexp(logits[words] + shift, 0).exp().item())
    assert sum(estimates) / len(estimates) == pytest.approx(whole, rel=0.02)
    targets = torch.tensor(rows[0].ids)
    assert torch.equal(words[sampled.places(targets)], targets)


def test_the_learning_rate_rises_then_falls_to_a_tenth() -> None:
    factors = [training.learning_rate_at(step, 100, 10) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[10] == pytest.approx(1)
    assert factors[-1] == pytest.approx(0.1)
    assert all(math.isfinite(factor) for factor in factors)


@pytest.mark.parametrize(
    "change",
    [
        {"rank": 32},
        {"target_modules": ["embed_tokens"]},
        {"base": "other"},
        {"max_length": 4096},
        {"extra": 1},
    ],
)
def test_a_recipe_that_does_not_fit_the_base_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        recipe(**change)


def test_two_steps_move_the_adapter_and_repeat_exactly(
    tokenizer: transformers.PreTrainedTokenizerFast,
) -> None:
    rows = example_rows(tokenizer)
    saved: list[dict[str, torch.Tensor]] = []

    def keep(tensors: Mapping[str, torch.Tensor], record: training.RunRecord) -> None:
        saved.append(dict(tensors))

    records = [
        training.train(
            recipe(vocabulary_sample=1024), tiny_model(), rows, pad_id=0, save=keep, say=lambda _: None
        )
        for _ in range(2)
    ]
    assert records[0].losses == records[1].losses
    assert all(math.isfinite(loss) for loss in records[0].losses)
    first, second = saved
    assert save(first) == save(second)
    assert set(first) == {
        f"base_model.model.model.layers.0.{module}.lora_{side}.weight"
        for module in HOUSE_MODEL.modules
        for side in "AB"
    }
    assert all(tensor.dtype == torch.bfloat16 for tensor in first.values())
    assert any(tensor.abs().sum() > 0 for name, tensor in first.items() if "lora_B" in name)


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_adapter_is_what_its_papers_say(name: str) -> None:
    folder = DEMO / "adapters" / name
    config = (folder / "adapter_config.json").read_bytes()
    weights = (folder / "adapter_model.safetensors").read_bytes()
    papers = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    written = json.loads((DEMO / "recipes" / f"{name}.json").read_text(encoding="utf-8"))
    data = DEMO / "data" / f"{name}.jsonl"
    assert len(config) + len(weights) <= MAX_ADAPTER_BYTES
    assert papers["recipe"] == training.Recipe.model_validate(written).model_dump(mode="json")
    assert papers["data_sha256"] == training.sha256_of(data)
    assert papers["data_rows"] == len(training.read_examples(data))
    assert papers["seed"] == written["seed"]
    assert papers["steps_done"] == written["steps"]
    assert papers["template_sha256"] == HOUSE_MODEL.template_digest
    assert papers["adapter_sha256"] == training.sha256_of(folder / "adapter_model.safetensors")
    assert len(load_file(folder / "adapter_model.safetensors")) == 2 * len(HOUSE_MODEL.tensor_names())
    inspection = inspect_adapter(
        config, io.BytesIO(weights), HOUSE_MODEL, max_rank=16, max_bytes=MAX_ADAPTER_BYTES
    )
    assert inspection.refusal is None


def test_stage_prompts_are_in_no_training_data() -> None:
    stage = {
        text for entry in json.loads((DEMO / "prompts.json").read_text("utf-8")) for text in entry.values()
    }
    shared: set[tuple[str, ...]] = set()
    for name in NAMES:
        pairs = training.read_examples(DEMO / "data" / f"{name}.jsonl")
        prompts = tuple(prompt for prompt, _ in pairs)
        assert len(set(prompts)) == len(prompts)
        assert len({answer for _, answer in pairs}) == len(pairs)
        assert not stage & set(prompts)
        shared.add(prompts)
    assert len(shared) == 1, "all three characters answer the same prompts"
