"""What lies in a folder or a file that somebody wants to submit: of which kind, and under which names it is sent."""

from pathlib import Path

from arena.shows.rules import Artifact
from arena.submissions.artifacts import (
    CONFIG,
    DATA_JSONL,
    DATA_PARQUET,
    MODEL_CONFIG,
    MODEL_INDEX,
    MODEL_WEIGHTS,
    PROMPT,
    SHARD,
    WEIGHTS,
)

Files = dict[str, Path]
"""By the names that the site takes them under, whatever they are called here."""

_DATA = {".jsonl": DATA_JSONL, ".parquet": DATA_PARQUET}
_TEXT = (".txt", ".md")
_FORMS = {
    "adapter": f"a folder with {CONFIG} and {WEIGHTS}",
    "dataset": "a .jsonl or a .parquet file, or a folder with one",
    "prompt": f"a text file, or a folder with {PROMPT}",
    "model": f"a folder with {MODEL_CONFIG} and {MODEL_WEIGHTS}, or {MODEL_INDEX} and its shards",
}


class NothingFound(ValueError):
    """The message says what was looked for, and where."""


def find(path: Path, kind: Artifact | None = None) -> tuple[Artifact, Files]:
    """Its kind and its files. Raises NothingFound, also when it could be of several kinds and `kind` does not say."""
    if not path.exists():
        raise NothingFound(f"There is no {path}.")
    found = _in_folder(path) if path.is_dir() else _alone(path)
    wanted = {one: files for one, files in found.items() if kind in (None, one)}
    if len(wanted) == 1:
        return next(iter(wanted.items()))
    if wanted:
        raise NothingFound(
            f"{path} could be of several kinds. Say which: --kind {' or --kind '.join(wanted)}."
        )
    forms = _FORMS.items() if kind is None else [(kind, _FORMS[kind])]
    raise NothingFound(f"{path} is nothing to submit. " + " ".join(f"{one}: {form}." for one, form in forms))


def _alone(path: Path) -> dict[Artifact, Files]:
    if path.suffix in _DATA:
        return {"dataset": {_DATA[path.suffix]: path}}
    return {"prompt": {PROMPT: path}} if path.suffix in _TEXT else {}


def _in_folder(folder: Path) -> dict[Artifact, Files]:
    """Every kind that is there completely. What an adapter or a model lies beside is not asked about."""
    files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    if CONFIG in files and WEIGHTS in files:
        return {"adapter": {name: files[name] for name in (CONFIG, WEIGHTS)}}
    shards = [name for name in files if SHARD.fullmatch(name)]
    weights = [MODEL_INDEX, *shards] if shards and MODEL_INDEX in files else [MODEL_WEIGHTS]
    if MODEL_CONFIG in files and weights[0] in files:
        return {"model": {name: files[name] for name in (MODEL_CONFIG, *weights)}}
    found: dict[Artifact, Files] = {}
    data = [path for path in files.values() if path.suffix in _DATA]
    if len(data) == 1:
        found |= _alone(data[0])
    if PROMPT in files:
        found["prompt"] = {PROMPT: files[PROMPT]}
    return found
