"""The registry: what we ship is consistent, what an operator adds is pinned or refused, and a track fits its base."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from arena.shows.added_models import RegistryFault, read_added
from arena.shows.architectures import read_layers
from arena.shows.base_models import BASE_MODELS, HOUSE_MODEL, QWEN3_600M, weights_digest
from arena.shows.rules import SeasonRules, Track
from tests.support.base_models import COMMIT, added, described, write_model, write_registry

GONE = object()


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return described(write_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def tiny(entry: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(BASE_MODELS, "tiny", added(tmp_path / "registry.json", entry))
    yield "tiny"


@pytest.mark.parametrize("base", BASE_MODELS.values(), ids=lambda base: base.id)
def test_what_we_ship_is_pinned_and_its_table_follows_from_its_config(base: Any) -> None:
    read = read_layers(base.config)
    assert (base.layers, base.modules) == (read.layers, read.modules)
    assert base.revision
    assert base.licence_url.startswith("https://")
    assert bool(base.files) == (base.kind != "package")
    assert base.render("{system}", "{prompt}").count("{system}") == 1


def test_what_we_ship_from_a_hub_would_be_taken_from_an_operator(tmp_path: Path) -> None:
    said = {
        name: getattr(QWEN3_600M, name)
        for name in (
            *(
                "id",
                "source",
                "revision",
                "config",
                "context",
                "max_rank",
                "template",
                "system_template",
                "stop",
            ),
            *("bos", "frame", "turn_end", "licence", "licence_url"),
        )
    }
    files = {name: {"size": file.size, "sha256": file.sha256} for name, file in QWEN3_600M.files.items()}
    assert added(tmp_path / "registry.json", said | {"files": files}) == QWEN3_600M


def test_an_entry_says_all_that_a_shipped_model_says(entry: dict[str, Any], tmp_path: Path) -> None:
    base = added(tmp_path / "registry.json", entry)
    assert (base.kind, base.layers, base.context, base.max_rank, base.bos) == ("file", 2, 1024, 8, True)
    assert base.modules["self_attn.q_proj"] == (8, 16)
    assert base.revision == base.digest == base.files["model.safetensors"].sha256


def test_shards_have_one_digest_whatever_their_order(tmp_path: Path) -> None:
    base = added(tmp_path / "registry.json", described(write_model(tmp_path / "split", shards=3)))
    turned = {name: base.files[name].sha256 for name in reversed(list(base.files))}
    assert base.digest == weights_digest(turned)
    one = next(name for name in turned if name.startswith("model-0"))
    assert weights_digest(turned | {one: "0" * 64}) != base.digest


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an id of a path": ({"id": "../x"}, "id"),
    "code": ({"files": {"modeling.py": {"size": 1, "sha256": "0" * 64}}}, "modeling.py"),
    "a pickle": ({"files": {"pytorch_model.bin": {"size": 1, "sha256": "0" * 64}}}, "pytorch_model.bin"),
    "a path": ({"files": {"../config.json": {"size": 1, "sha256": "0" * 64}}}, "config.json"),
    "no tokenizer": ({"files": {"tokenizer.json": GONE}}, "tokenizer.json is missing"),
    "no weights": ({"files": {"model.safetensors": GONE}}, "model.safetensors"),
    "half the shards": (
        {
            "files": {
                "model.safetensors": GONE,
                "model.safetensors.index.json": {"size": 1, "sha256": "0" * 64},
                "model-00002-of-00002.safetensors": {"size": 1, "sha256": "0" * 64},
            }
        },
        "all of its shards",
    ),
    "a huge config": ({"files": {"config.json": {"size": 1 << 30, "sha256": "0" * 64}}}, "config.json"),
    "no hash": ({"files": {"config.json": {"size": 1, "sha256": ""}}}, "sha256"),
    "a branch": ({"source": "hub:some/tiny", "revision": "main"}, "revision"),
    "no commit": ({"source": "hub:some/tiny"}, "revision"),
    "a folder with a commit": ({"revision": COMMIT}, "revision"),
    "a folder without its root": ({"source": "file:models/tiny"}, "source"),
    "a package": ({"source": "package:something"}, "source"),
    "a repository with a query": ({"source": "hub:some/tiny?x=1", "revision": COMMIT}, "source"),
    "an architecture that nobody knows": ({"config": {"model_type": "mamba"}}, "architecture"),
    "code in the config": ({"config": {"auto_map": {"AutoModel": "x"}}}, "auto_map"),
    "quantised weights": ({"config": {"quantization_config": {"bits": 4}}}, "quantization_config"),
    "more context than it has": ({"context": 8192}, "max_position_embeddings"),
    "a rank that the engine lacks": ({"max_rank": 7}, "max_rank"),
    "a template without its place": ({"template": "Answer:"}, "template"),
    "a place twice": ({"template": "{prompt}{prompt}"}, "template"),
    "no place for a system prompt": ({"system_template": "{prompt}"}, "system_template"),
    "no licence": ({"licence": ""}, "licence"),
    "an unreadable licence": ({"licence_url": "javascript:alert(1)"}, "licence_url"),
    "a field of nobody": ({"trust_remote_code": True}, "trust_remote_code"),
    "a number as text": ({"context": "1024"}, "context"),
    "nothing said about BOS": ({"bos": GONE}, "bos"),
}


def changed(entry: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Objects are merged, GONE takes a field away."""
    merged = dict(entry)
    for name, value in changes.items():
        merged[name] = changed(merged.get(name) or {}, value) if isinstance(value, dict) else value
    return {name: value for name, value in merged.items() if value is not GONE}


@pytest.mark.parametrize("case", REFUSED)
def test_an_entry_that_is_not_wholly_pinned_and_plain_is_refused(
    entry: dict[str, Any], tmp_path: Path, case: str
) -> None:
    changes, named = REFUSED[case]
    with pytest.raises(RegistryFault) as caught:
        read_added(write_registry(tmp_path / "registry.json", changed(entry, changes)))
    assert named in str(caught.value)
    assert str(tmp_path / "registry.json") in str(caught.value)


def test_no_entry_takes_the_place_of_another(entry: dict[str, Any], tmp_path: Path) -> None:
    path = write_registry(tmp_path / "registry.json", entry | {"id": HOUSE_MODEL.id})
    with pytest.raises(RegistryFault, match=HOUSE_MODEL.id):
        read_added(path, BASE_MODELS)
    with pytest.raises(RegistryFault, match="tiny"):
        read_added(write_registry(path, entry, entry))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (None, "No such file"),
        (b"{", "Invalid JSON"),
        (b"{}", "valid array"),
        (b" " * (1 << 20) + b"[]", "larger"),
    ],
)
def test_a_process_does_not_start_on_a_file_that_it_cannot_read(
    tmp_path: Path, body: bytes | None, named: str
) -> None:
    path = tmp_path / "registry.json"
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(RegistryFault, match=named):
        read_added(path)


def test_every_process_reads_the_file_when_it_starts(entry: dict[str, Any], tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from arena.shows.base_models import BASE_MODELS; print(*BASE_MODELS)"]

    def start(given: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"GAVEL_BASE_MODELS": given}
        return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=60)

    path = write_registry(tmp_path / "registry.json", entry)
    assert start(str(path)).stdout.split() == [*BASE_MODELS, "tiny"]
    assert start("").stdout.split() == [*BASE_MODELS], "as Compose passes what is not set"
    refused = start("registry.json")
    assert refused.returncode == 1
    assert refused.stderr.startswith("GAVEL_BASE_MODELS: registry.json must be a whole path")
    assert "Traceback" not in refused.stderr


# --- tracks -------------------------------------------------------------------------------------------------------


def test_a_track_takes_from_its_base_what_nobody_said(tiny: str) -> None:
    track = Track(base_model=tiny)
    assert (track.base.id, track.max_rank) == (tiny, 8)
    assert track.template_digest == track.base.template_digest
    rules = SeasonRules(track=track)
    assert SeasonRules.model_validate(rules.model_dump(mode="json")) == rules
    assert SeasonRules().track.max_rank == HOUSE_MODEL.max_rank


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"base_model": "nobody's"}, "GAVEL_BASE_MODELS"),
        ({"base_model": "tiny", "max_rank": 16}, "up to rank 8"),
        ({"base_model": "tiny", "template_digest": "0" * 64}, "another id"),
    ],
)
def test_a_track_that_does_not_fit_its_base_is_refused(tiny: str, said: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Track.model_validate(said)
