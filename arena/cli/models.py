"""`gavel models`: the base models of this machine. What the registry knows, what is on disk, and who uses it."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from arena.cli.site import Refused, SiteClient
from arena.shows.base_models import BASE_MODELS, BaseModel
from workers.pool.model_store import (
    HOMES,
    MANIFEST,
    Manifest,
    ModelDamaged,
    ModelInUse,
    PrepareError,
    check_model,
    evict,
    folder_bytes,
    licence_note,
)

Id = Annotated[str, typer.Argument(metavar="ID", help="As in gavel models list.")]
DataDir = Annotated[
    Path, typer.Option(envvar="GAVEL_DATA_DIR", help="Models are kept here.", file_okay=False)
]
Url = Annotated[
    str | None, typer.Option(envvar="GAVEL_URL", help="The site; default: the one running here, if one is.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
HERE = Path(".gavel")

models = typer.Typer(no_args_is_help=True, help="Base models: fetch, check and remove them.")


@models.callback()
def _models() -> None:
    """Base models: fetch, check and remove them."""


@dataclass(frozen=True)
class Kept:
    """A model on disk."""

    folder: Path
    manifest: Manifest | None
    """None: damaged."""
    bytes: int
    used_at: datetime | None


@models.command("list")
def list_models(data_dir: DataDir = HERE, url: Url = None, as_json: AsJson = False) -> None:
    """Show the registry and this machine's cache, and what the site does with each."""
    kept, site = _kept(data_dir), _asked(url, data_dir)
    rows = [_row(base, kept, site) for base in BASE_MODELS.values()]
    strangers = [one for one in kept if one.manifest is None or one.manifest.base_model not in BASE_MODELS]
    if as_json:
        typer.echo(json.dumps({"models": rows, "others": [_on_disk(one) for one in strangers]}, indent=2))
        return
    for row in rows:
        _show(row)
    for one in strangers:
        why = (
            "damaged"
            if one.manifest is None
            else f"{one.manifest.base_model}, which the registry does not know"
        )
        typer.echo(f"{one.folder.name}\n    {one.folder}: {_mib(one.bytes)}, {why}")
    if site is None:
        typer.echo("No site was asked who uses them: give --url, or start one here.", err=True)
    free = shutil.disk_usage(data_dir if data_dir.exists() else Path()).free
    typer.echo(f"{_mib(sum(one.bytes for one in kept))} in {data_dir}, {_mib(free)} free", err=True)


@models.command()
def fetch(name: Id, data_dir: DataDir = HERE) -> None:
    """Leave a whole model on disk. Run it again after a failure: it goes on from what has arrived."""
    from workers.pool.preparing import prepare

    base = _known(name)
    typer.echo(licence_note(base))
    folder = _home(data_dir) / base.id
    try:
        manifest = prepare(folder, base, _say)
    except PrepareError as error:
        raise _stop(f"{error} ({error.code})") from error
    typer.echo(f"{folder}: {_mib(manifest.bytes)}, digest {manifest.base_digest}")


@models.command()
def verify(name: Id, data_dir: DataDir = HERE) -> None:
    """Read every byte of a model on disk again. Ends with 1 unless all of it is as it was, and as the registry says."""
    base, wrong = _known(name), []
    folders = [one.folder for one in _kept(data_dir) if _is_of(one, base.id)]
    if not folders:
        raise _stop(f"{base.id} is not on this disk; gavel models fetch {base.id} brings it")
    for folder in folders:
        try:
            manifest = check_model(folder, full=True)
        except ModelDamaged as damage:
            wrong.append(f"{damage}; gavel models evict {folder.name}, then fetch it again")
            continue
        if manifest.is_of(base):
            typer.echo(f"{folder}: whole, digest {manifest.base_digest}")
        else:
            wrong.append(
                f"{folder} is whole, but not what the registry says of {base.id} by now; fetch it again"
            )
    if wrong:
        raise _stop("\n".join(wrong))


@models.command("evict")
def evict_model(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="As in gavel models list, or the name of a folder.")
    ],
    data_dir: DataDir = HERE,
    url: Url = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also when a season's track or a node uses it.")
    ] = False,
) -> None:
    """Remove a model from this disk. Refused while a season's track is built on it or a node serves it."""
    doomed = [one for one in _kept(data_dir) if _is_of(one, name)]
    if not doomed:
        raise _stop(f"there is no {name} in {data_dir}")
    if not force:
        _require_unused(name, _asked(url, data_dir))
    freed = 0
    for one in doomed:
        try:
            freed += evict(one.folder, force)
        except ModelInUse as use:
            raise _stop(f"{use}, or add --force (models.in_use)") from use
        except OSError as error:
            raise _stop(f"{one.folder} could not be removed: {error}") from error
    typer.echo(f"{_mib(freed)} are free again")


@models.command()
def describe(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, resolve_path=True)],
    name: Annotated[str, typer.Option("--id", help="The id that it is to have.")],
    licence: Annotated[str, typer.Option(help="The name of its licence.")],
    licence_url: Annotated[str, typer.Option(help="Where that can be read, https://…")],
    source: Annotated[
        str | None, typer.Option(help="hub:OWNER/NAME or modelscope:OWNER/NAME; this folder when left out.")
    ] = None,
    revision: Annotated[str, typer.Option(help="The commit that the files are of.")] = "",
) -> None:
    """Print the entry of a model in a folder, for the file that GAVEL_BASE_MODELS names. Its template, context and rank
    are proposals: change what does not suit."""
    from arena.cli.describing import Undescribable, entry

    said = {
        "id": name,
        "source": source or f"file:{folder}",
        "revision": revision,
        "licence": licence,
        "licence_url": licence_url,
    }
    try:
        typer.echo(json.dumps([entry(folder, said)], indent=2, ensure_ascii=False))
    except Undescribable as error:
        raise _stop(str(error)) from error


# --- what is here -------------------------------------------------------------------------------------------------


def _home(data_dir: Path) -> Path:
    """Where the engine of this machine will look."""
    return data_dir / (HOMES[0] if (data_dir / "engine").is_dir() else HOMES[1])


def _kept(data_dir: Path) -> list[Kept]:
    return [_look(folder) for home in HOMES for folder in _folders(data_dir / home)]


def _folders(home: Path) -> Iterator[Path]:
    if home.is_dir():
        yield from sorted(one for one in home.iterdir() if one.is_dir() and not one.name.startswith("."))


def _look(folder: Path) -> Kept:
    try:
        manifest = check_model(folder)
    except ModelDamaged:
        return Kept(folder, None, folder_bytes(folder), None)
    used_at = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime, UTC)
    return Kept(folder, manifest, folder_bytes(folder), used_at)


def _is_of(kept: Kept, name: str) -> bool:
    return name in (kept.folder.name, kept.manifest and kept.manifest.base_model)


def _known(name: str) -> BaseModel:
    if name not in BASE_MODELS:
        raise _stop(
            f"the registry knows no {name!r}, only {', '.join(BASE_MODELS)}; GAVEL_BASE_MODELS adds more"
        )
    return BASE_MODELS[name]


# --- what the site says -------------------------------------------------------------------------------------------


def _asked(url: str | None, data_dir: Path) -> dict[str, Any] | None:
    """What a site says of each base model, by id; None: there is none to ask."""
    from arena.embedded.state import is_running, read_state

    if url is None:
        state = read_state(data_dir)
        if state is None or not is_running(data_dir):
            return None
        url = state.public_url

    async def ask(url: str) -> Any:
        site = SiteClient(url)
        try:
            return await site.get("/base-models")
        finally:
            await site.close()

    try:
        return {one["id"]: one for one in asyncio.run(ask(url))}
    except (Refused, httpx.HTTPError, OSError) as error:
        raise _stop(f"{url} does not say who uses the models: {error}") from error


def _require_unused(name: str, site: dict[str, Any] | None) -> None:
    if site is None:
        typer.echo("No site was asked whether it uses this model: give --url, or start one here.", err=True)
        return
    said = site.get(name)
    if said is None:
        return
    uses = [f"the track of {season['name']}" for season in said["seasons"]]
    uses += [f"node {node['id'][-6:]}" for node in said["nodes"]]
    if uses:
        raise _stop(
            f"{name} is used by {', '.join(uses)}; --force removes it from this disk all the same (models.in_use)"
        )


# --- for people ---------------------------------------------------------------------------------------------------


def _row(base: BaseModel, kept: list[Kept], site: dict[str, Any] | None) -> dict[str, Any]:
    said = (site or {}).get(base.id)
    return {
        "id": base.id,
        "source": base.source,
        "revision": base.revision,
        "licence": base.licence,
        "licence_url": base.licence_url,
        "digest": base.digest,
        "on_disk": [_on_disk(one) | {"current": one.manifest.is_of(base)}
                    for one in kept if one.manifest and one.manifest.base_model == base.id],
        "seasons": said and [season["name"] for season in said["seasons"]],
        "nodes": said and said["nodes"],
    }  # fmt: skip


def _on_disk(one: Kept) -> dict[str, Any]:
    return {
        "folder": str(one.folder),
        "bytes": one.bytes,
        "digest": one.manifest.base_digest if one.manifest else None,
        "used_at": one.used_at.isoformat(timespec="seconds") if one.used_at else None,
    }


def _show(row: dict[str, Any]) -> None:
    typer.echo(f"{row['id']}\n    {row['source']} at {row['revision']}")
    typer.echo(f"    {row['licence']}, {row['licence_url']}")
    if row["digest"]:
        typer.echo(f"    pinned weights {row['digest']}")
    for disk in row["on_disk"]:
        stale = "" if disk["current"] else ", NOT what the registry says by now"
        typer.echo(
            f"    {disk['folder']}: {_mib(disk['bytes'])}, {disk['digest'][:16]}…, last used {disk['used_at']}{stale}"
        )
    if not row["on_disk"]:
        typer.echo("    not on this disk")
    if row["seasons"] is not None:
        typer.echo(f"    seasons: {', '.join(row['seasons']) or '–'}")
        served = [
            f"{node['id'][-6:]} ({node['state']}, {(node['digest'] or '–')[:16]})" for node in row["nodes"]
        ]
        typer.echo(f"    nodes: {', '.join(served) or '–'}")


def _say(done: int, total: int, note: str) -> None:
    typer.echo(f"[{done:4d}/{total}] {note}", err=True)


def _mib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size >> 20} MiB"


def _stop(words: str) -> typer.Exit:
    typer.echo(words, err=True)
    return typer.Exit(1)
