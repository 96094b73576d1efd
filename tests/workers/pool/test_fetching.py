"""A base model arrives exactly as the registry has pinned it, over any line, or not at all.

The hub is a server on this machine: the public ones have not been asked.
"""

import json
import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arena.shows.base_models import BaseModel
from tests.support.base_models import COMMIT, added, described, write_model
from tests.support.hub import Hub, serve_hub
from workers.pool import fetching
from workers.pool.model_store import MANIFEST, PrepareError, check_model, sha256_file
from workers.pool.preparing import main, prepare

WEIGHTS = "model.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve_hub() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", f"{served.url}/")
        yield served


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it waited, which takes no time here."""
    waited: list[float] = []
    monkeypatch.setattr("workers.pool.fetching.time.sleep", waited.append)
    return waited


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "original")


def offered(hub: Hub, model: Path, tmp_path: Path, **changes: Any) -> BaseModel:
    """The model lies at the hub, and the registry has pinned it."""
    hub.files = {f"/some/tiny/resolve/{COMMIT}/{path.name}": path.read_bytes() for path in model.iterdir()}
    return added(tmp_path / "registry.json", described(model, "hub:some/tiny", **changes))


def address(name: str) -> str:
    return f"/some/tiny/resolve/{COMMIT}/{name}"


def refused(directory: Path, base: BaseModel) -> PrepareError:
    with pytest.raises(PrepareError) as caught:
        prepare(directory, base)
    assert not directory.exists(), "what is not whole is not there"
    return caught.value


@pytest.mark.parametrize("shards", [1, 3])
def test_it_arrives_whole_over_a_line_that_breaks(
    hub: Hub, pauses: list[float], tmp_path: Path, shards: int
) -> None:
    model = write_model(tmp_path / "original", shards=shards)
    base = offered(hub, model, tmp_path)
    hub.cuts = [1000, 500, 1, 700]
    hub.refusals = [(503, {}), (429, {"Retry-After": "7"}), (429, {"Retry-After": "86400"})]
    hub.away = True
    told: list[tuple[int, int, str]] = []
    manifest = prepare(tmp_path / "tiny", base, lambda *words: told.append(words))
    for name in base.files:
        assert (tmp_path / "tiny" / name).read_bytes() == (model / name).read_bytes()
    assert manifest.base_digest == base.digest
    assert check_model(tmp_path / "tiny", full=True).is_of(base)
    assert base.licence_url in (tmp_path / "tiny" / "NOTICE").read_text()
    assert hub.ranges, "it went on where the line broke"
    assert pauses[:3] == [1.0, 7.0, 120.0], "as long as the server asks, within reason"
    assert any("trying again" in note for _, _, note in told)
    assert all(done <= total for done, total, _ in told)
    asked = len(hub.asked)
    assert prepare(tmp_path / "tiny", base) == manifest
    assert len(hub.asked) == asked, "what is there is not asked for again"


def test_what_arrived_is_kept_when_it_gives_up_and_the_next_attempt_goes_on(
    hub: Hub, pauses: list[float], model: Path, tmp_path: Path
) -> None:
    base = offered(hub, model, tmp_path)
    broken = base.files[WEIGHTS].size - 100  # larger than any other file
    before = sorted(base.files, key=lambda name: base.files[name].size).index(WEIGHTS)
    hub.cuts = [broken]
    gone_after(hub, before + 1)
    error = refused(tmp_path / "tiny", base)
    assert error.code == "unreachable"
    assert "HF_ENDPOINT" in str(error)
    assert tuple(pauses) == fetching.PAUSES
    kept = tmp_path / ".tiny.partial" / f"{WEIGHTS}.part"
    assert kept.stat().st_size == broken
    hub.asked.clear()
    hub.refusals.clear()
    prepare(tmp_path / "tiny", base)
    assert hub.asked[0][0] == address(WEIGHTS), "what is smaller was there"
    assert hub.ranges == [f"bytes={broken}-"]
    assert not kept.parent.exists()


def gone_after(hub: Hub, answers: int) -> None:
    """The hub answers so often, and then says that it is overloaded."""

    class Refusals(list[tuple[int, dict[str, str]]]):
        def __bool__(self) -> bool:
            return len(hub.asked) > answers

        def pop(self, index: Any = -1) -> tuple[int, dict[str, str]]:
            return 503, {}

    hub.refusals = Refusals()


@pytest.mark.parametrize("lie", ["other content", "longer", "shorter", "endless", "elsewhere", "shrunk"])
def test_what_is_not_pinned_is_not_kept(
    hub: Hub, pauses: list[float], model: Path, tmp_path: Path, lie: str
) -> None:
    base = offered(hub, model, tmp_path)
    honest, size = hub.files[address(WEIGHTS)], base.files[WEIGHTS].size
    match lie:
        case "other content":
            hub.files[address(WEIGHTS)] = honest[:-1] + b"\0"
        case "longer":
            hub.files[address(WEIGHTS)] = honest + b"\0"
        case "shorter":
            hub.files[address(WEIGHTS)] = honest[:-1]
        case "endless":
            draft = tmp_path / ".tiny.partial"
            draft.mkdir()
            for name in base.files.keys() - {WEIGHTS}:
                shutil.copyfile(model / name, draft / name)
            hub.unsized = hub.endless = True
        case "elsewhere":
            hub.cuts, hub.shift = [size - 100], 3
        case "shrunk":
            prepared = tmp_path / ".tiny.partial"
            prepared.mkdir()
            (prepared / f"{WEIGHTS}.part").write_bytes(honest[:-5])
            hub.files[address(WEIGHTS)] = honest[:-10]
    error = refused(tmp_path / "tiny", base)
    assert error.code in ("changed", "refused")
    assert WEIGHTS in str(error)
    hub.files[address(WEIGHTS)], hub.endless, hub.shift, hub.cuts = honest, False, 0, []
    assert prepare(tmp_path / "tiny", base).base_digest == base.digest, "nothing wrong was left in the way"


@pytest.mark.parametrize("unsized", [False, True])
@pytest.mark.parametrize("deaf", [False, True])
def test_a_server_that_knows_no_parts_or_no_lengths_is_borne_with(
    hub: Hub, pauses: list[float], model: Path, tmp_path: Path, deaf: bool, unsized: bool
) -> None:
    base = offered(hub, model, tmp_path)
    hub.deaf, hub.unsized, hub.cuts = deaf, unsized, [base.files[WEIGHTS].size - 10]
    assert prepare(tmp_path / "tiny", base).base_digest == base.digest
    assert pauses == [1.0], "an end that came early was no end"


def test_halves_of_two_states_are_not_taken_for_a_whole(
    hub: Hub, pauses: list[float], model: Path, tmp_path: Path
) -> None:
    base = offered(hub, model, tmp_path)
    draft = tmp_path / ".tiny.partial"
    draft.mkdir()
    (draft / f"{WEIGHTS}.part").write_bytes(b"\1" * 100)
    (draft / "config.json").write_text("{}")
    (draft / "of another revision").write_text("")
    assert prepare(tmp_path / "tiny", base).base_digest == base.digest
    assert sorted(path.name for path in (tmp_path / "tiny").iterdir()) == sorted(
        [*base.files, "NOTICE", MANIFEST]
    )


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, "not_allowed", "HF_TOKEN"),
        (403, "not_allowed", "terms"),
        (404, "not_found", COMMIT),
        (418, "refused", "418"),
    ],
)
def test_a_refusal_says_what_to_do(
    hub: Hub, pauses: list[float], model: Path, tmp_path: Path, status: int, code: str, said: str
) -> None:
    base = offered(hub, model, tmp_path)
    hub.refusals = [(status, {})]
    error = refused(tmp_path / "tiny", base)
    assert error.code == code
    assert said in str(error)
    assert not pauses


@pytest.mark.parametrize(
    ("spoilt", "changes", "code"),
    [
        ("config.json", {"head_dim": 8}, "config"),
        ("config.json", {"auto_map": {"AutoModel": "m.Evil"}}, "code"),
        ("config.json", {"quantization_config": {"bits": 4}}, "code"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["t.Evil", None]}}, "code"),
    ],
)
def test_a_config_that_asks_for_more_is_refused_before_the_weights_are_asked_for(
    hub: Hub, tmp_path: Path, model: Path, spoilt: str, changes: dict[str, Any], code: str
) -> None:
    entry, path = described(model, "hub:some/tiny"), model / spoilt
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    # Whoever pinned it did not look.
    entry["files"][spoilt] = {"size": path.stat().st_size, "sha256": sha256_file(path)}
    hub.files = {address(file.name): file.read_bytes() for file in model.iterdir()}
    assert refused(tmp_path / "tiny", added(tmp_path / "registry.json", entry)).code == code
    assert address(WEIGHTS) not in [path for path, _ in hub.asked]


def test_modelscope_is_asked_in_its_own_form(hub: Hub, model: Path, tmp_path: Path) -> None:
    base = added(tmp_path / "registry.json", described(model, "modelscope:some/tiny"))
    form = f"/api/v1/models/some/tiny/repo?Revision={COMMIT}&FilePath="
    hub.files = {f"{form}{path.name}": path.read_bytes() for path in model.iterdir()}
    assert prepare(tmp_path / "tiny", base).base_digest == base.digest


def test_a_token_is_not_sent_in_the_clear(
    hub: Hub, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    prepare(tmp_path / "tiny", offered(hub, model, tmp_path))
    assert not any("authorization" in headers for _, headers in hub.asked)


def test_an_address_that_is_none_is_named(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "mirror.example.org")
    base = added(tmp_path / "registry.json", described(model, "hub:some/tiny"))
    error = refused(tmp_path / "tiny", base)
    assert error.code == "endpoint"
    assert "HF_ENDPOINT" in str(error)


def test_a_disk_without_room_is_known_before_anything_is_asked_for(
    hub: Hub, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = offered(hub, model, tmp_path)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    error = refused(tmp_path / "tiny", base)
    assert error.code == "disk_full"
    assert "gavel models evict" in str(error)
    assert not hub.asked


def test_a_folder_is_copied_and_checked(model: Path, tmp_path: Path) -> None:
    base = added(tmp_path / "registry.json", described(model))
    assert base.revision == base.digest
    assert prepare(tmp_path / "tiny", base).base_digest == base.digest
    (model / WEIGHTS).write_bytes(b"changed afterwards")
    assert check_model(tmp_path / "tiny", full=True).is_of(base), "the copy is our own"
    shutil.rmtree(tmp_path / "tiny")
    assert refused(tmp_path / "tiny", base).code == "changed"
    (model / WEIGHTS).unlink()
    error = refused(tmp_path / "tiny", base)
    assert error.code == "not_found"
    assert str(model / WEIGHTS) in str(error)


def test_another_state_in_the_registry_replaces_what_is_there_and_another_model_does_not(
    model: Path, tmp_path: Path
) -> None:
    prepare(tmp_path / "tiny", added(tmp_path / "registry.json", described(model)))
    second = write_model(tmp_path / "second", seed=2)
    newer = added(tmp_path / "registry.json", described(second))
    assert prepare(tmp_path / "tiny", newer).base_digest == newer.digest
    stranger = added(tmp_path / "registry.json", described(model, id="another"))
    with pytest.raises(PrepareError, match="holds tiny") as caught:
        prepare(tmp_path / "tiny", stranger)
    assert caught.value.code == "other_model"
    assert check_model(tmp_path / "tiny").is_of(newer)


def test_the_program_takes_only_what_the_registry_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path / "x"), "--base-model", "somebody/model"])
    assert "invalid choice" in capsys.readouterr().err
