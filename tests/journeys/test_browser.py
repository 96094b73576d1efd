"""Headless Chromium on a running site: a whole show, and a large upload over a bad line. The stories themselves are
web/e2e/*.test.mjs."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Connection, create_engine, text

from arena.embedded.state import read_state
from tests.support.adapters import adapter_config
from tests.support.cutting_proxy import cutting_proxy
from tests.support.stack import ROOT, Stack

MB = 1 << 20
SIZE = 300 * MB


def play(story: str, seconds: float, **environment: str) -> None:
    """Run one of web/e2e in Chromium; fails with what it said."""
    node = shutil.which("node")
    chromium = os.environ.get("GAVEL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert node, "there is no Node on this machine; the README says which one"
    assert chromium, "there is no Chromium on this machine: apt-get install chromium"
    told = subprocess.run(
        [node, "--test", "--test-reporter=spec", f"e2e/{story}"],
        cwd=ROOT / "web",
        env={**os.environ, **environment, "GAVEL_CHROMIUM": chromium},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-1000:]


@pytest.mark.browser
@pytest.mark.timeout(900)
def test_a_show_in_the_browser(fake_site: Stack, random_adapters: Path, tmp_path: Path) -> None:
    play(
        "show.test.mjs",
        860,
        GAVEL_URL=fake_site.url,
        GAVEL_OPERATOR_TOKEN=fake_site.operator_token,
        GAVEL_ADAPTER=str(random_adapters / "alpha"),
        GAVEL_SHOTS=str(tmp_path / "shots"),
    )


@pytest.mark.browser
@pytest.mark.timeout(180)
def test_a_large_upload_over_a_line_that_is_cut_twice(fake_site: Stack, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_bytes(adapter_config())
    (adapter / "adapter_other.safetensors").write_bytes(b"x")
    noise = random.Random(300)
    with (adapter / "adapter_model.safetensors").open("wb") as weights:
        weights.write(b"\xff" * 8)  # a header of 2⁶⁴ bytes: refused by name, whatever the noise is
        weights.write(noise.randbytes(MB - 8))
        for _ in range(SIZE // MB - 1):
            weights.write(noise.randbytes(MB))
    portal = urlsplit(fake_site.url).port
    assert portal is not None
    with (
        larger_files_allowed(fake_site, 2 * SIZE),
        cutting_proxy(portal, cuts=(60 * MB, 120 * MB), bytes_per_second=40 * MB) as line,
    ):
        play(
            "upload.test.mjs",
            150,
            GAVEL_URL=line.url,
            GAVEL_ADAPTER=str(adapter),
            GAVEL_SHOTS=str(tmp_path / "shots"),
        )
        assert line.cuts == [], "the line was cut twice"
        # Two cuts, one pause and one closed tab cost what was on its way, not what had arrived.
        assert SIZE < line.sent_up < 1.5 * SIZE


@contextmanager
def larger_files_allowed(site: Stack, max_bytes: int) -> Iterator[None]:
    """Other rules of the season for a while, as its producers might have declared them."""
    state = read_state(site.data_dir)
    assert state is not None
    engine = create_engine(state.environment["GAVEL_DATABASE_URL"])
    with engine.begin() as connection:
        before = connection.execute(text("select rules from seasons")).scalar_one()
        track = {**before["track"], "max_bytes": max_bytes}
        _change(connection, {**before, "track": track})
    try:
        yield
    finally:
        with engine.begin() as connection:
            _change(connection, before)
        engine.dispose()


def _change(connection: Connection, rules: dict[str, Any]) -> None:
    connection.execute(text("update seasons set rules = cast(:rules as jsonb)"), {"rules": json.dumps(rules)})
