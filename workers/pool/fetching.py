"""Fetch a pinned base model: from a hub over plain HTTPS, or from a folder of this machine.

Nothing is taken that the registry has not pinned by name, size and sha256: whoever stands between us and the hub can
make us wait, and no more. What has arrived is kept; the next attempt goes on from there.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from arena.shows.added_models import CODE
from arena.shows.base_models import BaseModel, PinnedFile
from workers.pool.model_store import (
    SPARE_BYTES,
    Manifest,
    PrepareError,
    Progress,
    folder_bytes,
    licence_note,
    require_space,
    sha256_file,
    write_manifest,
)


@dataclass(frozen=True)
class Hub:
    """Where the files of a kind of source lie."""

    variable: str
    """Names a mirror with the same addresses."""
    public: str
    path: str
    token: str
    """Names a token, for models that are not open to everybody."""


HUBS: Mapping[str, Hub] = {
    "hub": Hub("HF_ENDPOINT", "https://huggingface.co", "/{repo}/resolve/{revision}/{file}", "HF_TOKEN"),
    "modelscope": Hub(
        "MODELSCOPE_ENDPOINT",
        "https://modelscope.cn",
        "/api/v1/models/{repo}/repo?Revision={revision}&FilePath={file}",
        "MODELSCOPE_API_TOKEN",
    ),
}
"""By their public descriptions. Neither has been asked by us: tests ask a server on this machine in their place."""

CHUNK_BYTES = 1 << 20
TOLD_BYTES = 8 << 20
"""Between two words about progress."""
SILENT_SECONDS = 30.0
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Before another attempt at a file; one that brought anything begins with the first again."""
LONGEST_PAUSE = 120.0


class _Again(Exception):
    """It may go better in a moment. `after`: seconds that the server asks for."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class _Told:
    """How far all of it is, in MiB, told now and then."""

    def __init__(self, total: int, report: Progress) -> None:
        self.done = 0
        """Bytes of the files that are finished."""
        self._total, self._report, self._last = total, report, -TOLD_BYTES

    def say(self, note: str, here: int, *, now: bool = False) -> None:
        """`here`: bytes of the file that is under way."""
        done = self.done + here
        if now or done - self._last >= TOLD_BYTES or done == self._total:
            self._last = done
            self._report(done >> 20, max(1, self._total >> 20), note)


Get = Callable[[str, PinnedFile, Path, _Told], None]
"""Bring the rest of a file: its name, what it must be, where it grows, whom to tell. Raises PrepareError, OSError."""


def fetch(draft: Path, base: BaseModel, report: Progress) -> Manifest:
    """Fill `draft`, in which an earlier attempt may have left something, and write the manifest. Raises PrepareError,
    OSError."""
    parts = {name: f"{name}.part" for name in base.files}
    for stranger in draft.iterdir():
        if stranger.name not in (*parts, *parts.values()):
            stranger.unlink()
    require_space(draft, max(0, base.bytes - folder_bytes(draft)) + SPARE_BYTES)
    told = _Told(base.bytes, report)
    with _source(base) as get:
        # The small ones first: what is wrong with a config is known before anybody has waited for the weights.
        for name, pinned in sorted(base.files.items(), key=lambda item: item[1].size):
            told.say(name, 0, now=True)
            if not (draft / name).exists() or sha256_file(draft / name) != pinned.sha256:
                _bring(get, name, pinned, draft / parts[name], told)
                (draft / parts[name]).rename(draft / name)
            if name in ("config.json", "tokenizer_config.json"):
                _require_plain(draft / name, base)
            told.done += pinned.size
    (draft / "NOTICE").write_text(f"{licence_note(base)}\nUnchanged from {base.source} at {base.revision}.\n")
    report(base.bytes >> 20, max(1, base.bytes >> 20), "writing the manifest")
    assert base.digest
    return write_manifest(draft, base.id, base.source, base.digest, {})


def _bring(get: Get, name: str, pinned: PinnedFile, part: Path, told: _Told) -> None:
    """Leave in `part` exactly what is pinned. What was put together from two attempts and is wrong gets a third."""
    if part.exists() and part.stat().st_size > pinned.size:
        part.unlink()
    attempts = 2 if part.exists() else 1
    for _ in range(attempts):
        get(name, pinned, part, told)
        if sha256_file(part) == pinned.sha256:
            return
        part.unlink()
    raise _other(name, "its sha256 differs")


def _other(name: str, how: str) -> PrepareError:
    return PrepareError(
        "changed",
        f"{name} is not the file that the registry has pinned ({how}), so it was not kept. If the source is meant to "
        "have changed, look at what changed and pin it anew under another id",
    )


def _require_plain(path: Path, base: BaseModel) -> None:
    """No code, and the shapes that tracks and checks go by."""
    try:
        said = json.loads(path.read_bytes())
        code = [name for name in CODE if said.get(name)]
    except (ValueError, AttributeError) as error:
        raise PrepareError("config", f"{path.name} of {base.id} is no JSON object") from error
    if code:
        raise PrepareError("code", f"{path.name} of {base.id} asks for {code[0]}, which is never taken")
    if path.name != "config.json":
        return
    for name, value in base.config.items():
        if name not in said or said[name] != value:
            raise PrepareError(
                "config",
                f"config.json of {base.id} says {name} = {said.get(name)!r}, the registry says {value!r}",
            )


# --- where it comes from ------------------------------------------------------------------------------------------


@contextmanager
def _source(base: BaseModel) -> Iterator[Get]:
    if base.kind == "file":
        yield partial(_copy, Path(base.place))
        return
    hub = HUBS[base.kind]
    endpoint = (os.environ.get(hub.variable) or hub.public).rstrip("/")
    if urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).netloc:
        raise PrepareError("endpoint", f"{hub.variable} must be an address such as {hub.public}")

    def address(name: str) -> str:
        path = hub.path.format(repo=base.place, revision=base.revision, file=quote(name))
        return f"{endpoint}{path}"

    headers = {"Accept-Encoding": "identity", "User-Agent": "gavel"}
    token = os.environ.get(hub.token)
    if token and endpoint.startswith("https://"):
        headers["Authorization"] = f"Bearer {token}"
    with httpx.Client(headers=headers, timeout=SILENT_SECONDS, follow_redirects=True) as client:
        yield partial(_download, client, address, hub)


def _copy(folder: Path, name: str, pinned: PinnedFile, part: Path, told: _Told) -> None:
    try:
        size = (folder / name).stat().st_size
    except FileNotFoundError as error:
        raise PrepareError("not_found", f"{folder / name} is missing") from error
    if size != pinned.size:
        raise _other(str(folder / name), f"{size} bytes instead of {pinned.size}")
    with (folder / name).open("rb") as source, part.open("wb") as target:
        while chunk := source.read(CHUNK_BYTES):
            target.write(chunk)
            told.say(name, target.tell())


def _download(
    client: httpx.Client,
    address: Callable[[str], str],
    hub: Hub,
    name: str,
    pinned: PinnedFile,
    part: Path,
    told: _Told,
) -> None:
    failures = 0
    while (had := _size(part)) < pinned.size:
        try:
            _go_on(client, address(name), hub, name, pinned, part, told)
        except (_Again, httpx.HTTPError) as error:
            failures = 0 if _size(part) > had else failures
            why = str(error) or type(error).__name__
            if failures == len(PAUSES):
                raise PrepareError(
                    "unreachable",
                    f"{address(name)} does not answer: {why}. What has arrived is kept; run the command again to go "
                    f"on, or name a mirror in {hub.variable}",
                ) from error
            asked = error.after if isinstance(error, _Again) else None
            pause = min(PAUSES[failures] if asked is None else asked, LONGEST_PAUSE)
            told.say(f"{name}: {why}; trying again in {pause:.0f} s", _size(part), now=True)
            time.sleep(pause)
            failures += 1


def _go_on(
    client: httpx.Client, url: str, hub: Hub, name: str, pinned: PinnedFile, part: Path, told: _Told
) -> None:
    """One request for what is missing. Raises _Again, httpx.HTTPError, PrepareError, OSError."""
    had = _size(part)
    with client.stream("GET", url, headers={"Range": f"bytes={had}-"} if had else {}) as answer:
        _require_taken(answer, url, hub)
        goes_on = answer.status_code == 206
        if goes_on:
            begins, total = _range(answer, name)
            if begins != had:
                raise _other(
                    name, f"asked for its bytes from {had} on, the server gives those from {begins} on"
                )
        else:
            begins, total = 0, _number(answer.headers.get("content-length"))
        if total not in (None, pinned.size):
            raise _other(name, f"{total} bytes instead of {pinned.size}")
        with part.open("ab" if goes_on else "wb") as file:
            # Unbuffered: what came before a line broke is kept.
            for chunk in answer.iter_raw():
                begins += len(chunk)
                if begins > pinned.size:
                    raise _other(name, f"more than {pinned.size} bytes")
                file.write(chunk)
                told.say(name, begins)
    if begins < pinned.size:  # without a length, a broken line looks like an end
        raise _Again("the answer ended early")


def _require_taken(answer: httpx.Response, url: str, hub: Hub) -> None:
    status = answer.status_code
    if status in (408, 429) or status >= 500:
        raise _Again(f"the server says {status}", _number(answer.headers.get("retry-after")))
    if status in (401, 403):
        raise PrepareError(
            "not_allowed",
            f"{url} is not open to everybody: accept the model's terms at the hub, and put a token of yours into "
            f"{hub.token}",
        )
    if status == 404:
        raise PrepareError("not_found", f"{url} is not there")
    if status not in (200, 206):
        raise PrepareError("refused", f"{url} answered with status {status}")


def _range(answer: httpx.Response, name: str) -> tuple[int, int | None]:
    """From which byte on, and of how many, by `Content-Range: bytes 5-9/10`."""
    unit, _, rest = answer.headers.get("content-range", "").partition(" ")
    span, _, total = rest.partition("/")
    begins = _number(span.partition("-")[0])
    if unit != "bytes" or begins is None:
        raise _other(name, "a part without a place")
    return begins, _number(total)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
