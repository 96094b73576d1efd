"""`gavel quantise`: what it says about this machine is what an export will find."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from arena.cli.quantise import quantise
from workers.lab.export import environment


def lay(folder: Path, *without: str) -> Path:
    """An environment as pip leaves it, with everything that the lock names but these."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    for line in environment.LOCK.read_text().split():
        name, version = line.split("==")
        if name not in without:
            info = folder / f"lib/python3.11/site-packages/{name.replace('-', '_')}-{version}.dist-info"
            info.mkdir(parents=True)
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder


def test_half_an_environment_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip was stopped while it installed: llm-compressor is there, and the harness is not."""
    monkeypatch.setenv(environment.PLACE, str(lay(tmp_path / "half", "lm-eval")))
    said = CliRunner().invoke(quantise, ["status"])
    assert (said.exit_code, environment.here()) == (1, None)
    assert environment.COMMAND in said.output

    monkeypatch.setenv(environment.PLACE, str(lay(tmp_path / "whole")))
    said = CliRunner().invoke(quantise, ["status"])
    assert said.exit_code == 0
    assert "llmcompressor 0.14.0.1" in said.output


def test_built_where_no_lab_looks_it_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(environment.PLACE, str(tmp_path / "usual"))
    elsewhere = lay(tmp_path / "elsewhere")
    said = CliRunner().invoke(quantise, ["setup", "--env", str(elsewhere)])
    assert f"{environment.PLACE}={elsewhere}" in said.output.replace("\n", "")
    said = CliRunner().invoke(quantise, ["setup", "--env", str(lay(tmp_path / "usual"))])
    assert environment.PLACE not in said.output
