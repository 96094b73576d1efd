"""What `gavel submit` makes of a path."""

from pathlib import Path

import pytest

from arena.cli.finding import NothingFound, find
from arena.shows.rules import Artifact

ADAPTER = ["adapter_config.json", "adapter_model.safetensors"]
SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
INDEX = "model.safetensors.index.json"


def folder(at: Path, *names: str) -> Path:
    for name in names:
        (at / name).touch()
    return at


FOUND: dict[str, tuple[list[str], Artifact, dict[str, str]]] = {
    "an adapter in its training folder": (
        [*ADAPTER, "README.md", "config.json", "optimizer.pt", "train.jsonl"],
        "adapter",
        {name: name for name in ADAPTER},
    ),
    "a model": (
        ["config.json", "model.safetensors", "tokenizer.json"],
        "model",
        {"config.json": "config.json", "model.safetensors": "model.safetensors"},
    ),
    "a model in shards": (
        ["config.json", INDEX, *SHARDS, "generation_config.json"],
        "model",
        {name: name for name in ["config.json", INDEX, *SHARDS]},
    ),
    "a data set under its own name": (
        ["my-data.jsonl", "notes.md"],
        "dataset",
        {"data.jsonl": "my-data.jsonl"},
    ),
    "a prompt": (["prompt.txt"], "prompt", {"prompt.txt": "prompt.txt"}),
}


@pytest.mark.parametrize("case", FOUND)
def test_a_folder_is_what_lies_in_it(case: str, tmp_path: Path) -> None:
    names, kind, sent = FOUND[case]
    found, files = find(folder(tmp_path, *names))
    assert (found, {name: path.name for name, path in files.items()}) == (kind, sent)


@pytest.mark.parametrize(
    ("name", "kind", "sent"),
    [
        ("my-data.jsonl", "dataset", "data.jsonl"),
        ("rows.parquet", "dataset", "data.parquet"),
        ("keeper.md", "prompt", "prompt.txt"),
        ("keeper.txt", "prompt", "prompt.txt"),
    ],
)
def test_a_file_is_what_its_ending_says(name: str, kind: Artifact, sent: str, tmp_path: Path) -> None:
    path = folder(tmp_path, name) / name
    assert find(path) == (kind, {sent: path})


@pytest.mark.parametrize(
    ("names", "kind", "said"),
    [
        ([], None, "is nothing to submit. adapter: a folder with"),
        (["adapter_config.json"], None, "is nothing to submit"),
        (["config.json", *SHARDS], None, "is nothing to submit"),
        (["prompt.txt", "rows.jsonl"], None, "--kind dataset or --kind prompt"),
        (["prompt.txt"], "model", "nothing to submit. model: a folder with config.json"),
        (ADAPTER, "prompt", "nothing to submit. prompt: "),
    ],
)
def test_what_is_nothing_or_several_things_is_said(
    names: list[str], kind: Artifact | None, said: str, tmp_path: Path
) -> None:
    with pytest.raises(NothingFound, match=said):
        find(folder(tmp_path, *names), kind)
    with pytest.raises(NothingFound, match=r"There is no .*gone"):
        find(tmp_path / "gone")


def test_kind_decides_between_two(tmp_path: Path) -> None:
    path = folder(tmp_path, "prompt.txt", "rows.jsonl")
    assert find(path, "prompt") == ("prompt", {"prompt.txt": path / "prompt.txt"})
    assert find(path, "dataset") == ("dataset", {"data.jsonl": path / "rows.jsonl"})
