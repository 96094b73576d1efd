"""`gavel engine --join`: what the machine that joins does, against a real portal."""

import asyncio
import stat
from pathlib import Path

import httpx
import pytest
import typer

from arena.cli.engine import Join, _entrance, joined, kept_token
from arena.cli.site import Refused
from tests.support.portal import Portal
from workers.pool.serve import fake_agent


async def test_the_token_of_a_join_is_kept_for_this_user_alone_and_used_again(
    portal: Portal, tmp_path: Path
) -> None:
    made = await portal.operator.post_ok("/nodes/tokens")
    assert made["command"].startswith(f"gavel engine --join {made['token']} --site http")
    join = Join(made["token"], portal.url, "http://10.0.0.7:8700")
    health = fake_agent(tmp_path / "node").health()
    bearer = await asyncio.to_thread(joined, join, health, tmp_path)
    assert stat.S_IMODE((tmp_path / "node.json").stat().st_mode) == 0o600
    assert kept_token(tmp_path) == bearer
    assert _entrance("", None, None, None, "127.0.0.1", 8700, tmp_path) == (bearer, None)
    assert made["token"] not in (tmp_path / "node.json").read_text()
    again = _entrance("", made["token"], portal.url, None, "127.0.0.1", 8700, tmp_path)
    assert again == (bearer, None), "a machine that starts anew with the same command does not join twice"
    other = _entrance("", "another", portal.url, None, "127.0.0.1", 8700, tmp_path)[1]
    assert other is not None
    assert other.token == "another"
    (node,) = await portal.operator.get_ok("/nodes")
    assert (node["joined"], node["state"], node["hardware_class"]) == (True, "preparing", "fake")
    with pytest.raises(Refused, match=r"invitation\.used"):
        await asyncio.to_thread(joined, join, health, tmp_path)
    assert kept_token(tmp_path) == bearer, "a refused join loses nothing"


def test_a_site_that_does_not_answer_is_named(tmp_path: Path) -> None:
    health = fake_agent(tmp_path / "node").health()
    with pytest.raises(OSError, match=r"127\.0\.0\.1:9 did not answer"):
        joined(Join("t", "http://127.0.0.1:9", "http://10.0.0.7:8700"), health, tmp_path)
    assert kept_token(tmp_path) == ""


def test_an_engine_without_any_token_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="GAVEL_ENGINE_TOKEN, or join"):
        _entrance("", None, None, None, "127.0.0.1", 8700, tmp_path)
    with pytest.raises(typer.BadParameter, match="--site"):
        _entrance("", "t", None, None, "127.0.0.1", 8700, tmp_path)
    (tmp_path / "node.json").write_text("{")
    with pytest.raises(typer.BadParameter, match="damaged"):
        _entrance("", None, None, None, "127.0.0.1", 8700, tmp_path)


def test_on_all_addresses_it_names_the_one_on_the_way_to_the_site(tmp_path: Path) -> None:
    _, join = _entrance("", "t", "http://127.0.0.1:8000", None, "0.0.0.0", 8700, tmp_path)
    assert join == Join("t", "http://127.0.0.1:8000", "http://127.0.0.1:8700")
    _, given = _entrance("", "t", "http://127.0.0.1:8000", "https://gpu.example.org", "0.0.0.0", 1, tmp_path)
    assert given is not None
    assert httpx.URL(given.url).host == "gpu.example.org"
