"""The prepared base model on disk: its manifest, and whether it is whole. Standard library only.

The node agent checks a prepared model with this module and never imports torch; `house_model` writes what it reads.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST = "gavel-manifest.json"
WEIGHTS = "model.safetensors"


class ModelDamaged(Exception):
    """The directory is not a whole prepared model; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Manifest:
    base_model: str
    source: str
    source_sha256: str
    built_with: Mapping[str, str]
    files: Mapping[str, tuple[int, str]]
    """File name -> (size in bytes, sha256 hex)."""

    @property
    def base_digest(self) -> str:
        """sha256 hex of the weights: what a provenance record calls the base model."""
        return self.files[WEIGHTS][1]

    def to_json(self) -> dict[str, Any]:
        files = {
            name: {"size": size, "sha256": digest} for name, (size, digest) in sorted(self.files.items())
        }
        return {
            "base_model": self.base_model,
            "source": self.source,
            "source_sha256": self.source_sha256,
            "built_with": dict(self.built_with),
            "files": files,
        }


def sha256_file(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_manifest(
    directory: Path, base_model: str, source: str, source_sha256: str, built_with: Mapping[str, str]
) -> Manifest:
    """Hash every file in `directory` and write the manifest beside them (last, so that its presence means done)."""
    files = {
        path.name: (path.stat().st_size, sha256_file(path))
        for path in sorted(directory.iterdir())
        if path.is_file() and path.name != MANIFEST
    }
    manifest = Manifest(base_model, source, source_sha256, dict(built_with), files)
    (directory / MANIFEST).write_text(json.dumps(manifest.to_json(), indent=2, sort_keys=True) + "\n")
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """Raises ModelDamaged when there is no manifest or it cannot be read."""
    path = directory / MANIFEST
    try:
        raw = json.loads(path.read_text())
        files = {
            str(name): (int(entry["size"]), str(entry["sha256"])) for name, entry in raw["files"].items()
        }
        manifest = Manifest(
            raw["base_model"], raw["source"], raw["source_sha256"], dict(raw["built_with"]), files
        )
    except FileNotFoundError:
        raise ModelDamaged(f"{path} is missing") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelDamaged(f"{path} cannot be read: {error!r}") from error
    if WEIGHTS not in files:
        raise ModelDamaged(f"{path} lists no {WEIGHTS}")
    return manifest


def check_model(directory: Path, full: bool = False) -> Manifest:
    """The manifest, once every listed file is there with its size (and, when `full`, its sha256).

    Sizes alone catch a cut-short copy in microseconds; `full` reads everything (about 0.6 GB for the house model).
    Raises ModelDamaged with the first file that differs.
    """
    manifest = read_manifest(directory)
    for name, (size, digest) in manifest.files.items():
        path = directory / name
        if not path.is_file():
            raise ModelDamaged(f"{path} is missing")
        if path.stat().st_size != size:
            raise ModelDamaged(f"{path} has {path.stat().st_size} bytes, the manifest says {size}")
        if full and sha256_file(path) != digest:
            raise ModelDamaged(f"{path} has changed since it was prepared (sha256 differs)")
    return manifest
