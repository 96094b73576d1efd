"""Which files a version of each kind is made of, and what a track takes."""

import pytest

from arena.kit.errors import GavelError
from arena.shows.rules import Artifact, Track
from arena.submissions.artifacts import KINDS, MAX_SHARDS, asked_files, canonical_files, check_files
from tests.arena.submissions.test_line import change_rules, new_entry
from tests.support.portal import Portal
from tests.support.show import announcement

TRACK = Track(artifacts=KINDS, max_dataset_bytes=2000, max_model_bytes=1000)


def shards(count: int, of: int | None = None) -> list[str]:
    return [f"model-{number:05d}-of-{of or count:05d}.safetensors" for number in range(1, count + 1)]


WHOLE = ["config.json", "model.safetensors"]
SPLIT = ["config.json", "model.safetensors.index.json"]

TAKEN: dict[str, tuple[Artifact, list[str]]] = {
    "an adapter": ("adapter", ["adapter_config.json", "adapter_model.safetensors"]),
    "rows as text": ("dataset", ["data.jsonl"]),
    "rows as Parquet": ("dataset", ["data.parquet"]),
    "a system prompt": ("prompt", ["prompt.txt"]),
    "a model in one file": ("model", WHOLE),
    "a model in one shard": ("model", SPLIT + shards(1)),
    "a model in three shards": ("model", SPLIT + shards(3)),
    "a model in all the shards there may be": ("model", SPLIT + shards(MAX_SHARDS)),
}

REFUSED: dict[str, tuple[Artifact, list[str], str]] = {
    "both forms of a data set": ("dataset", ["data.jsonl", "data.parquet"], "artifact.unexpected_file"),
    "a data set under its own name": ("dataset", ["my-data.jsonl"], "artifact.unexpected_file"),
    "a data set with a script": ("dataset", ["data.jsonl", "load.py"], "artifact.type_not_allowed"),
    "a packed data set": ("dataset", ["data.jsonl.gz"], "artifact.archive_not_allowed"),
    "a prompt with a template": ("prompt", ["prompt.txt", "chat_template.jinja"], "artifact.unexpected_file"),
    "no prompt": ("prompt", [], "upload.file_missing"),
    "a model without a config": ("model", ["model.safetensors"], "upload.file_missing"),
    "a model with a tokenizer": ("model", [*WHOLE, "tokenizer.json"], "artifact.unexpected_file"),
    "a model with code": ("model", [*WHOLE, "modeling_own.py"], "artifact.type_not_allowed"),
    "a model as a pickle": ("model", ["config.json", "pytorch_model.bin"], "artifact.type_not_allowed"),
    "shards without an index": ("model", ["config.json", *shards(2)], "upload.file_missing"),
    "an index without shards": ("model", SPLIT, "artifact.unexpected_file"),
    "a shard too few": ("model", [*SPLIT, *shards(2, of=3)], "upload.file_missing"),
    "a shard too many": ("model", [*SPLIT, *shards(2), *shards(3)[2:]], "artifact.unexpected_file"),
    "shards and a whole": ("model", [*SPLIT, *shards(2), "model.safetensors"], "artifact.unexpected_file"),
    "more shards than there may be": ("model", [*SPLIT, *shards(MAX_SHARDS + 1)], "artifact.unexpected_file"),
    "shards of none": ("model", [*SPLIT, "model-00000-of-00000.safetensors"], "artifact.unexpected_file"),
    "a shard with a path": (
        "model",
        [*SPLIT, "../model-00001-of-00001.safetensors"],
        "artifact.unexpected_file",
    ),
    "a shard in other digits": (
        "model",
        [*SPLIT, "model-٠٠٠٠١-of-٠٠٠٠١.safetensors"],
        "artifact.unexpected_file",
    ),
}


def code(artifact: Artifact, names: list[str], track: Track = TRACK, size: int = 1) -> str | None:
    try:
        check_files(artifact, dict.fromkeys(names, size), track)
    except GavelError as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize("case", TAKEN)
def test_every_form_of_every_kind_is_taken(case: str) -> None:
    artifact, names = TAKEN[case]
    assert code(artifact, names) is None
    assert asked_files(artifact, TRACK, names).keys() == set(names)
    assert code(artifact, names, size=0) == "upload.empty_file"
    assert code(artifact, names, Track(artifacts=())) == "artifact.kind_not_taken"


@pytest.mark.parametrize("case", REFUSED)
def test_whatever_else_is_refused(case: str) -> None:
    artifact, names, refusal = REFUSED[case]
    assert code(artifact, names) == refusal


def test_shards_share_one_limit() -> None:
    assert code("model", [*SPLIT, *shards(3)], size=333) is None
    assert code("model", [*SPLIT, *shards(3)], size=334) == "upload.too_large"
    assert code("model", WHOLE, size=1001) == "upload.too_large"
    assert code("dataset", ["data.jsonl"], size=2001) == "upload.too_large"


def test_every_kind_has_a_canonical_form() -> None:
    assert all(canonical_files(artifact, TRACK) for artifact in KINDS)


async def test_a_kind_that_the_track_does_not_take_is_refused_and_named(portal: Portal) -> None:
    ada = await portal.person("contestant", "Ada")
    await change_rules(portal, track=Track(artifacts=("adapter",)).model_dump(mode="json"))
    entry = await new_entry(ada)
    body = announcement({"prompt.txt": b"Be brief."}) | {"artifact": "prompt"}
    answer = await ada.post(f"/api/entries/{entry}/submissions", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "artifact.kind_not_taken")
    assert answer.json()["error"]["detail"] == {"kind": "prompt", "allowed": ["adapter"]}
    assert (await ada.get_ok("/entries"))[0]["submissions"] == []
