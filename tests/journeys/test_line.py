"""The line end to end, as an outside client sees it: upload, verify, benchmark, duel, votes, ratings, broadcast.

Walked twice: with the fake engine, and with vLLM, the house model and adapters that the repository ships.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from arena.cli.demo import DEMO
from tests.support.adapters import write_adapter
from tests.support.stack import Stack

PHONES = 50


def assert_a_show_happened(result: dict[str, Any], entries: int) -> None:
    """What every demo must have shown, whatever the engine."""
    duels = result["duels"]
    assert len(duels) == entries * (entries - 1) // 2
    for duel in duels:
        left, right = duel["answers"]["left"], duel["answers"]["right"]
        assert left["entry"] != right["entry"]
        assert left["text"].strip() and right["text"].strip()
        assert duel["votes"] == PHONES == sum(duel["result"]["crowd"].values())
        assert sum(duel["result"]["judges"].values()) == 3
        assert len(duel["root"]) == 64
        assert duel["streaming_patches"] > 1, "the answers did not stream"
    board = result["leaderboard"]
    assert board["duels"] >= len(duels)
    rows = {row["entry_id"]: row for row in board["rows"]}
    for entry in result["entries"][:-1]:  # new entries; the house may have met others before
        row = rows[entry["entry_id"]]
        assert row["duels"] == entries - 1
        assert row["lo"] < row["rating"] < row["hi"]
        assert row["accuracy"] is not None
    house = next(row for row in board["rows"] if row["kind"] == "house")
    assert (house["rating"], house["lo"]) == (1000.0, None)
    assert house["accuracy"] is not None
    for entry in result["entries"]:
        assert len(entry["digest"]) == 64
    assert result["websocket"]["patches"] > len(duels) * 3


@pytest.mark.journey
@pytest.mark.timeout(900)
def test_the_line_with_the_fake_engine(fake_site: Stack, random_adapters: Path) -> None:
    result = fake_site.demo(random_adapters)
    assert_a_show_happened(result, entries=4)
    assert len({entry["digest"] for entry in result["entries"]}) == 4


@pytest.mark.journey
@pytest.mark.timeout(600)
def test_a_refused_adapter_is_told_why(fake_site: Stack, tmp_path: Path) -> None:
    """`gavel submit` with weights for another base model: the verdict, in words, and exit code 1."""
    token = contestant_token(fake_site)
    wrong = write_adapter(tmp_path / "wrong", 1, base_model_name_or_path="someone/another-base")
    ended = fake_site.gavel("submit", str(wrong), "--entry", "Wrong Base", "--token", token, timeout=200)
    assert ended.returncode == 1
    assert "config.base_model_mismatch" in ended.stderr


@pytest.mark.journey
@pytest.mark.engine
@pytest.mark.timeout(1800)
def test_the_line_with_vllm_and_the_house_model(real_site: Stack, tmp_path: Path) -> None:
    """With two of the shipped adapters: a third makes three more duels and shows nothing more."""
    for path in sorted(path for path in (DEMO / "adapters").iterdir() if path.is_dir())[:2]:
        shutil.copytree(path, tmp_path / path.name)
    result = real_site.demo(tmp_path)
    assert_a_show_happened(result, entries=3)
    # Different adapters really answered: no two sides of a duel say the same.
    for duel in result["duels"]:
        assert duel["answers"]["left"]["text"] != duel["answers"]["right"]["text"]
    assert all(entry["benchmark"]["engine_build"].startswith("vllm") for entry in result["entries"][:-1])


def contestant_token(site: Stack) -> str:
    """A new contestant's API token, made over HTTP."""
    import httpx

    with httpx.Client(base_url=f"{site.url}/api", trust_env=False) as client:
        body = {"email": "submit@example.org", "password": "a long enough password", "display_name": "S"}
        client.post("/auth/register", json=body).raise_for_status()
        made = client.post("/tokens", json={"name": "test"}).raise_for_status()
        return str(json.loads(made.content)["token"])
