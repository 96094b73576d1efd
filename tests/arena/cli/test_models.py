"""`gavel models`: what is on this disk, and how it comes and goes."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from arena.cli.models import models
from arena.shows.base_models import BASE_MODELS, HOUSE_MODEL, BaseModel
from tests.support.base_models import added, described, write_model
from tests.support.portal import Portal
from workers.pool.model_store import MANIFEST, hold, write_manifest
from workers.pool.preparing import prepare


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BaseModel:
    base = added(tmp_path / "registry.json", described(write_model(tmp_path / "original")))
    monkeypatch.setitem(BASE_MODELS, base.id, base)
    return base


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(data_dir: Path, *words: str) -> Result:
    return CliRunner().invoke(models, [*words, "--data-dir", str(data_dir)])


def listed(data_dir: Path) -> dict[str, dict[str, Any]]:
    found = run(data_dir, "list", "--json")
    assert found.exit_code == 0, found.output
    return {one["id"]: one for one in json.loads(found.stdout)["models"]}


def test_the_licence_comes_before_the_model_and_a_second_fetch_finds_it(
    tiny: BaseModel, data_dir: Path
) -> None:
    first = run(data_dir, "fetch", tiny.id)
    assert first.exit_code == 0, first.output
    assert tiny.licence_url in first.stdout.splitlines()[0]
    assert "model.safetensors" in first.stderr, "how far it is"
    (disk,) = listed(data_dir)[tiny.id]["on_disk"]
    assert disk["digest"] == tiny.digest
    assert disk["current"]
    assert run(data_dir, "fetch", tiny.id).exit_code == 0
    assert "model.safetensors" not in run(data_dir, "fetch", tiny.id).stderr


def test_where_a_stack_lives_it_goes_where_that_engine_looks(tiny: BaseModel, data_dir: Path) -> None:
    (data_dir / "engine").mkdir(parents=True)
    assert run(data_dir, "fetch", tiny.id).exit_code == 0
    assert (data_dir / "engine" / "models" / tiny.id / MANIFEST).is_file()


def test_the_list_says_what_is_there_and_when_it_was_used(tiny: BaseModel, data_dir: Path) -> None:
    folder = data_dir / "models" / tiny.id
    prepare(folder, tiny)
    os.utime(folder / MANIFEST, (0, 0))
    (data_dir / "models" / "torn").mkdir()
    stranger = data_dir / "models" / "stranger"
    (data_dir / "models" / ".stranger.partial").mkdir()
    stranger.mkdir()
    (stranger / "model.safetensors").write_bytes(b"x" * 100)
    write_manifest(stranger, "gone-model", "hub:a/b", "0" * 64, {})
    shown = run(data_dir, "list").output
    assert "last used 1970-01-01" in shown
    assert "torn" in shown
    assert "damaged" in shown
    assert "gone-model, which the registry does not know" in shown
    assert HOUSE_MODEL.licence_url in shown
    assert "partial" not in shown
    hold(folder).close()
    assert "1970" not in run(data_dir, "list").output, "who serves it uses it"


def test_a_changed_byte_is_found_by_reading_all_of_it(tiny: BaseModel, data_dir: Path) -> None:
    folder = data_dir / "models" / tiny.id
    assert run(data_dir, "verify", tiny.id).exit_code == 1
    prepare(folder, tiny)
    assert run(data_dir, "verify", tiny.id).exit_code == 0
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    found = run(data_dir, "verify", tiny.id)
    assert found.exit_code == 1
    assert "sha256 differs" in found.stderr
    assert f"gavel models evict {tiny.id}" in found.stderr


def test_what_a_process_here_serves_stays(tiny: BaseModel, data_dir: Path) -> None:
    folder = data_dir / "models" / tiny.id
    prepare(folder, tiny)
    with hold(folder):
        refused = run(data_dir, "evict", tiny.id)
        assert refused.exit_code == 1
        assert "models.in_use" in refused.stderr
        assert folder.is_dir()
    gone = run(data_dir, "evict", tiny.id)
    assert gone.exit_code == 0
    assert "free again" in gone.stdout
    assert not folder.exists()
    assert run(data_dir, "evict", tiny.id).exit_code == 1


async def test_what_a_season_is_built_on_stays_unless_forced(
    portal: Portal, tiny: BaseModel, data_dir: Path
) -> None:
    for name in (HOUSE_MODEL.id, tiny.id):
        folder = data_dir / "models" / name
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"x" * 100)
        write_manifest(folder, name, BASE_MODELS[name].source, "0" * 64, {})

    async def ask(*words: str) -> Result:
        return await asyncio.to_thread(run, data_dir, *words, "--url", portal.url)

    assert "seasons: Season 1" in (await ask("list")).stdout
    refused = await ask("evict", HOUSE_MODEL.id)
    assert refused.exit_code == 1
    assert "the track of Season 1" in refused.stderr
    assert (data_dir / "models" / HOUSE_MODEL.id).is_dir()
    assert (await ask("evict", tiny.id)).exit_code == 0, "nobody uses that one"
    assert (await ask("evict", HOUSE_MODEL.id, "--force")).exit_code == 0
    assert not (data_dir / "models" / HOUSE_MODEL.id).exists()


def test_a_site_that_does_not_answer_is_no_permission(tiny: BaseModel, data_dir: Path) -> None:
    prepare(data_dir / "models" / tiny.id, tiny)
    refused = run(data_dir, "evict", tiny.id, "--url", "http://127.0.0.1:9")
    assert refused.exit_code == 1
    assert "http://127.0.0.1:9" in refused.stderr
    assert (data_dir / "models" / tiny.id).is_dir()


def test_a_folder_becomes_an_entry_that_the_registry_takes(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "mine")
    words = [
        "describe",
        str(folder),
        "--id",
        "mine",
        "--licence",
        "MIT",
        "--licence-url",
        "https://example.org/mit",
    ]
    printed = CliRunner().invoke(models, words)
    assert printed.exit_code == 0, printed.output
    base = added(tmp_path / "registry.json", *json.loads(printed.stdout))
    assert (base.id, base.stop, base.bos, base.licence) == ("mine", "<eos>", True, "MIT")
    assert prepare(tmp_path / "prepared", base).base_digest == base.digest
    (folder / "config.json").unlink()
    refused = CliRunner().invoke(models, words)
    assert refused.exit_code == 1
    assert "config.json is missing" in refused.stderr
