"""Headless Chromium on a running site: a whole show, a large upload over a bad line, and a data set that becomes an
adapter. The stories themselves are web/e2e/*.test.mjs."""

import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from sqlalchemy import Connection, create_engine, text

from arena.cli.demo import DEMO
from arena.embedded.state import read_state
from arena.shows.training import Budget, TrainingRules
from tests.support.adapters import adapter_config
from tests.support.cutting_proxy import cutting_proxy
from tests.support.stack import ROOT, Stack, running_stack

MB = 1 << 20
SIZE = 300 * MB
STEPS = 300


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
        other_track(fake_site, max_bytes=2 * SIZE),
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


@pytest.mark.browser
@pytest.mark.timeout(700)
def test_three_hundred_rows_become_an_adapter_that_duels(tmp_path: Path) -> None:
    """On a base of two small layers; the lab, its trainer and the gate are those of any site."""
    from tests.support.tiny_training import tiny_environment

    rules = TrainingRules(budget=Budget(steps=STEPS))
    with (
        running_stack("--fake-engine", environment=tiny_environment(tmp_path)) as site,
        other_track(site, training=rules.model_dump(mode="json")),
        ThreadPoolExecutor(1) as aside,
    ):
        killed = aside.submit(kill_a_trainer, site)
        play(
            "training.test.mjs",
            600,
            GAVEL_URL=site.url,
            GAVEL_OPERATOR_TOKEN=site.operator_token,
            GAVEL_DATASET=str(three_hundred_rows(tmp_path / "data.jsonl")),
            GAVEL_STEPS=str(STEPS),
            GAVEL_SHOTS=str(tmp_path / "shots"),
        )
        killed.result()


def three_hundred_rows(path: Path) -> Path:
    said = [
        json.loads(line)
        for name in ("lantern", "northstar")
        for line in (DEMO / "data" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = [
        {
            "messages": [
                {"role": "user", "content": one["prompt"]},
                {"role": "assistant", "content": one["answer"]},
            ]
        }
        for one in said[:300]
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def kill_a_trainer(site: Stack) -> None:
    """Once, when it has written two checkpoints. The lab's folder of the job, in which it works, says which process."""
    state = read_state(site.data_dir)
    assert state is not None
    lab = next(part.process for part in state.parts if part.name == "lab")
    assert lab is not None
    end = time.monotonic() + 300
    while time.monotonic() < end:
        for child in psutil.Process(lab.pid).children(recursive=True):
            with suppress(psutil.Error, OSError):
                if len(list(Path(child.cwd(), "out", "checkpoints").glob("[0-9]*"))) > 1:
                    child.kill()
                    return
        time.sleep(0.1)
    raise AssertionError("nobody trained")


@contextmanager
def other_track(site: Stack, **changes: Any) -> Iterator[None]:
    """Other rules of the season for a while, as its producers might have declared them."""
    state = read_state(site.data_dir)
    assert state is not None
    engine = create_engine(state.environment["GAVEL_DATABASE_URL"])
    with engine.begin() as connection:
        before = connection.execute(text("select rules from seasons")).scalar_one()
        track = {**before["track"], **changes}
        _change(connection, {**before, "track": track})
    try:
        yield
    finally:
        with engine.begin() as connection:
            _change(connection, before)
        engine.dispose()


def _change(connection: Connection, rules: dict[str, Any]) -> None:
    connection.execute(text("update seasons set rules = cast(:rules as jsonb)"), {"rules": json.dumps(rules)})
