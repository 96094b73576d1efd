"""The show in headless Chromium: sign up, upload, watch a duel, vote. The story itself is web/e2e/show.test.mjs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.stack import ROOT, Stack


@pytest.mark.browser
@pytest.mark.timeout(900)
def test_a_show_in_the_browser(fake_site: Stack, random_adapters: Path, tmp_path: Path) -> None:
    node = shutil.which("node")
    chromium = os.environ.get("GAVEL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert node, "there is no Node on this machine; the README says which one"
    assert chromium, "there is no Chromium on this machine: apt-get install chromium"
    environment = {
        **os.environ,
        "GAVEL_URL": fake_site.url,
        "GAVEL_OPERATOR_TOKEN": fake_site.operator_token,
        "GAVEL_ADAPTER": str(random_adapters / "alpha"),
        "GAVEL_SHOTS": str(tmp_path / "shots"),
        "GAVEL_CHROMIUM": chromium,
    }
    told = subprocess.run(
        [node, "--test", "--test-reporter=spec", "e2e/show.test.mjs"],
        cwd=ROOT / "web",
        env=environment,
        capture_output=True,
        text=True,
        timeout=860,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-1000:]
