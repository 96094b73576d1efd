"""The web's types come from a file in the repository; it must say what the portal says."""

import json
from pathlib import Path

from arena.cli.openapi import openapi

COMMITTED = Path(__file__).parents[2] / "web" / "packages" / "api" / "openapi.json"


def test_the_committed_description_is_the_portal_s_own(tmp_path: Path) -> None:
    """When this fails: `gavel openapi web/packages/api/openapi.json`, then `npm --prefix web run generate`."""
    openapi(tmp_path / "now.json")
    assert json.loads((tmp_path / "now.json").read_text()) == json.loads(COMMITTED.read_text())
