"""The prepared model is whole or not there. The conversion itself runs in the engine suite."""

import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from arena.shows.base_model import WEIGHTS
from arena.shows.base_models import HOUSE_MODEL
from workers.pool import house_model, preparing
from workers.pool.model_store import (
    MANIFEST,
    Manifest,
    ModelDamaged,
    PrepareError,
    check_model,
    write_manifest,
)
from workers.pool.preparing import prepare


def build(target: Path, *_: object) -> Manifest:
    (target / WEIGHTS).write_bytes(b"w" * 100)
    (target / "config.json").write_text("{}")
    return write_manifest(target, HOUSE_MODEL.id, HOUSE_MODEL.source, "0" * 64, {"torch": "0"})


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replaces the minute of conversion; lists where it ran."""
    calls: list[Path] = []

    def fast(target: Path, *rest: object) -> Manifest:
        calls.append(target)
        return build(target)

    monkeypatch.setattr(house_model, "make", fast)
    return calls


def test_it_is_built_once_and_then_only_checked(tmp_path: Path, built: list[Path]) -> None:
    first = prepare(tmp_path / "model")
    assert prepare(tmp_path / "model") == first
    assert len(built) == 1
    assert first.base_digest == first.files[WEIGHTS][1]
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["config.json", MANIFEST, WEIGHTS]


@pytest.mark.parametrize("harm", ["shorter", "gone", "no manifest", "not json"])
def test_a_damaged_model_is_built_again(tmp_path: Path, built: list[Path], harm: str) -> None:
    directory = tmp_path / "model"
    prepare(directory)
    match harm:
        case "shorter":
            (directory / WEIGHTS).write_bytes(b"w")
        case "gone":
            (directory / "config.json").unlink()
        case "no manifest":
            (directory / MANIFEST).unlink()
        case "not json":
            (directory / MANIFEST).write_text("[1]")
    with pytest.raises(ModelDamaged):
        check_model(directory)
    prepare(directory)
    assert len(built) == 2
    check_model(directory, full=True)


def test_a_flipped_bit_is_found_by_the_full_check_alone(tmp_path: Path, built: list[Path]) -> None:
    directory = tmp_path / "model"
    prepare(directory)
    (directory / WEIGHTS).write_bytes(b"w" * 99 + b"x")
    check_model(directory)
    with pytest.raises(ModelDamaged, match="sha256 differs"):
        check_model(directory, full=True)


def test_a_disk_without_room_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    with pytest.raises(PrepareError, match=r"needs 1100 MiB .* 0 MiB are free") as caught:
        prepare(tmp_path / "model")
    assert caught.value.code == "disk_full"
    assert [path.name for path in tmp_path.iterdir()] == [".model.lock"]


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(target: Path, *_: object) -> Manifest:
        (target / WEIGHTS).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(house_model, "make", full)
    with pytest.raises(PrepareError, match="No space left") as caught:
        prepare(tmp_path / "model")
    assert caught.value.code == "disk"
    assert [path.name for path in tmp_path.iterdir()] == [".model.lock"]


def test_what_a_killed_run_left_is_swept_away(tmp_path: Path, built: list[Path]) -> None:
    leftover = tmp_path / ".model.partial"
    leftover.mkdir()
    (leftover / "half").write_text("")
    prepare(tmp_path / "model")
    assert not leftover.exists()


def test_the_program_speaks_json_and_shows_the_licence(
    tmp_path: Path, built: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert preparing.main([str(tmp_path / "model")]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["licence", "done"]
    assert HOUSE_MODEL.licence_url in events[0]["note"]
    assert events[1]["base_digest"] == check_model(tmp_path / "model").base_digest


def test_the_program_names_what_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object) -> Manifest:
        raise PrepareError("missing_package", "gguf is not installed")

    monkeypatch.setattr(house_model, "make", missing)
    assert preparing.main([str(tmp_path / "model")]) == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {"event": "error", "code": "missing_package", "message": "gguf is not installed"}
