"""`gavel engine --driver …`: what is missing or makes no sense together is said before anything starts."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from arena.cli.engine_driver import DriverName, Elsewhere, remote
from arena.cli.main import app
from workers.pool.drivers.openai_compatible import OpenAiEngine, read_models
from workers.pool.drivers.ray_serve import RayServeEngine

DIGEST, OTHER = "ab" * 32, "cd" * 32
RAY, OPENAI = DriverName.RAY_SERVE, DriverName.OPENAI
THERE = "http://10.0.0.9:8000"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    path = tmp_path / "models.json"
    path.write_text(json.dumps({DIGEST: "one", OTHER: "two"}))
    return path


@pytest.mark.parametrize(
    ("driver", "said", "reason"),
    [
        (DriverName.VLLM, {"upstream": THERE}, "--upstream is about a server elsewhere"),
        (DriverName.VLLM, {"slots": 3}, "--slots is about a server elsewhere"),
        (RAY, {}, "needs --upstream"),
        (OPENAI, {}, "needs --upstream"),
        (RAY, {"upstream": THERE}, "needs --upstream-model"),
        (RAY, {"upstream": THERE, "model": "house"}, "needs --lora-path"),
        (RAY, {"upstream": THERE, "model": "a:b", "lora_path": "s3://b"}, "what follows a colon"),
        (RAY, {"upstream": THERE, "model": "house", "lora_path": "/srv"}, "not the address of a bucket"),
        (RAY, {"upstream": THERE, "model": "house", "lora_path": "s3://"}, "not the address of a bucket"),
        (
            RAY,
            {"upstream": THERE, "model": "house", "lora_path": "file:///no/where"},
            "not an existing folder",
        ),
        (RAY, {"upstream": THERE, "model": "h", "models": Path("x")}, "--models is for --driver openai"),
        (OPENAI, {"upstream": THERE}, "either --models FILE"),
        (OPENAI, {"upstream": THERE, "models": Path("x"), "lora_path": "/"}, "either --models FILE"),
        (OPENAI, {"upstream": THERE, "models": Path("/no/file")}, "cannot be read"),
        (OPENAI, {"upstream": THERE, "model": "x"}, "--upstream-model is for --driver ray-serve"),
        (OPENAI, {"upstream": THERE, "lora_path": "relative"}, "not an absolute path"),
        (RAY, {"upstream": "ftp://x"}, "must be an address"),
        (RAY, {"upstream": "10.0.0.9:8000"}, "must be an address"),
        (RAY, {"upstream": "http://me:secret@x"}, "no password, query or fragment"),
        (OPENAI, {"upstream": THERE, "key_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE holds no key"),
        (OPENAI, {"upstream": THERE, "key_file": Path("/no/key")}, "the file /no/key cannot be read"),
        (OPENAI, {"upstream": THERE, "key_file": Path("k"), "key_env": "K"}, "not both"),
    ],
)
def test_what_is_missing_or_contradicts_is_named(
    driver: DriverName, said: dict[str, object], reason: str
) -> None:
    with pytest.raises(typer.BadParameter) as caught:
        remote(driver, Elsewhere(**said), {})  # type: ignore[arg-type]
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("option", ["--fake", "--cores", "--quarantine"])
def test_options_of_an_engine_here_do_not_go_with_one_elsewhere(option: str, models: Path) -> None:
    with pytest.raises(typer.BadParameter, match=f"{option} is about an engine that this node starts"):
        remote(OPENAI, Elsewhere(upstream=THERE, models=models), {"--other": False, option: True})


def test_without_a_word_the_node_starts_its_own_engine() -> None:
    assert remote(DriverName.VLLM, Elsewhere(), {"--fake": True}) is None


def test_each_driver_is_put_together(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THEIR_KEY", " sk-1 \n")
    made = remote(OPENAI, Elsewhere(f"{THERE}/v1/", "THEIR_KEY", models=models), {})
    assert made
    engine = made(tmp_path, 16)
    assert isinstance(engine, OpenAiEngine)
    assert (engine.upstream.url, engine.upstream.key) == (THERE, "sk-1")
    assert "sk-1" not in repr(engine.upstream)
    assert (engine.served, engine.max_loras) == ((DIGEST, OTHER), 2)
    (tmp_path / "key").write_text("sk-2\n")
    said = Elsewhere(THERE, None, tmp_path / "key", "house", None, tmp_path.as_uri(), 4)
    made = remote(RAY, said, {})
    assert made
    other = made(tmp_path, 16)
    assert isinstance(other, RayServeEngine)
    assert (other.upstream.key, other.max_loras, other.driver) == ("sk-2", 4, "ray-serve")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "models.json"),
        ("[]", "must be an object"),
        ("{}", "names no model"),
        ('{"ab": "x"}', "64 hexadecimal digits"),
        (json.dumps({DIGEST: 5}), "must be an object"),
        (json.dumps({DIGEST: " "}), "names no model"),
        (json.dumps({DIGEST: "x", OTHER: "x"}), "to two adapters"),
        (f'{{"{DIGEST}": "x", "{DIGEST}": "y"}}', "stands there twice"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused_in_words(content: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"models\.json") as caught:
        read_models(path)
    assert reason in str(caught.value)


def test_the_command_line_says_it_too(tmp_path: Path) -> None:
    asked = CliRunner().invoke(app, ["engine", "--driver", "ray-serve", "--data-dir", str(tmp_path)])
    assert asked.exit_code == 2
    assert "needs --upstream" in asked.output
