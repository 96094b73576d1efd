"""`gavel up`, `gavel status`, `gavel down`: the whole system on one machine."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path,
    typer.Option(
        envvar="GAVEL_DATA_DIR",
        help="Folder with everything this site keeps.",
        file_okay=False,
        resolve_path=True,
    ),
]
HERE = Path(".gavel")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def up(
    data_dir: DataDir = HERE,
    port: Annotated[
        int, typer.Option(help="Port of the web pages; another is taken when it is busy.", min=1, max=65535)
    ] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; anything but this machine needs --lan.")
    ] = "127.0.0.1",
    lan: Annotated[
        bool, typer.Option("--lan", help="Let the local network in, over plain HTTP: for rehearsals only.")
    ] = False,
    fake_engine: Annotated[
        bool,
        typer.Option(
            "--fake-engine", help="Invented answers instead of a model: for development and tests only."
        ),
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Play the demo episode once everything is up.")
    ] = False,
) -> None:
    """Start the whole system here and stay with it; Ctrl-C (or `gavel down`) stops everything."""
    from arena.embedded.running import AlreadyRunning, run
    from arena.embedded.screen import Screen
    from arena.embedded.stack import Options, Stack

    if host not in LOOPBACK and not lan:
        raise _refuse(
            f"--host {host} would open this site to the network over plain HTTP; add --lan if you mean it"
        )
    options = Options(data_dir, "0.0.0.0" if lan and host in LOOPBACK else host, port, lan, fake_engine)
    screen = Screen()

    async def announce(stack: Stack, seconds: float) -> None:
        pages = Path(stack.environment["GAVEL_WEB_DIR"])
        screen.console.print(
            _addresses(stack.public_url, data_dir, seconds, fake_engine, pages), soft_wrap=True
        )
        if demo:
            await _play_demo(data_dir, screen.say)

    try:
        code = run(options, screen, announce)
    except AlreadyRunning:
        raise _refuse(
            f"already running: {_where(data_dir)}\n`gavel status` shows it, `gavel down` stops it"
        ) from None
    except (RuntimeError, ValueError, OSError) as error:
        raise _refuse(str(error)) from error
    raise typer.Exit(code)


async def _play_demo(data_dir: Path, say: Callable[[str], None]) -> None:
    """An outside client like any other: if it fails or is slow, the site stays up."""
    command = (sys.executable, "-m", "arena.cli.main", "demo", "--pause", "5", "--data-dir", str(data_dir))
    say("playing the demo episode; open the stage address below to watch it")
    player = await asyncio.create_subprocess_exec(*command)
    try:
        code = await player.wait()
    except asyncio.CancelledError:
        player.terminate()
        await player.wait()
        raise
    say(
        "the demo episode is over; the site stays up (Ctrl-C stops it)"
        if code == 0
        else "the demo stopped early"
    )


def status(
    data_dir: DataDir = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; passwords are left out.")] = False,
) -> None:
    """Show the parts and whether they answer. Exit code 0: all well; 1: something is wrong; 3: not running."""
    from arena.embedded.inspection import Seen, inspect
    from arena.embedded.state import is_running, read_state

    state = read_state(data_dir)
    if state is None or not is_running(data_dir):
        typer.echo(
            json.dumps({"running": False})
            if as_json
            else f"not running in {data_dir}; start it with `gavel up`"
        )
        raise typer.Exit(3)
    seen: list[Seen] = asyncio.run(inspect(state))
    if as_json:
        parts = [part.model_dump(mode="json") for part in seen]
        typer.echo(
            json.dumps(
                {"running": True, "public_url": state.public_url, "since": state.started_at, "parts": parts}
            )
        )
    else:
        _print_table(state.public_url, state.started_at, seen)
    raise typer.Exit(0 if all(part.well for part in seen) else 1)


def down(
    data_dir: DataDir = HERE,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for a clean end.", min=1)] = 60,
) -> None:
    """Stop the system that `gavel up` started in this data folder, and wait until it is gone."""
    import signal

    import psutil

    from arena.embedded.state import is_running, read_state

    state = read_state(data_dir)
    if state is None or not is_running(data_dir):
        typer.echo(f"not running in {data_dir}")
        return
    try:
        supervisor = psutil.Process(state.supervisor.pid)
        if abs(supervisor.create_time() - state.supervisor.created) < 0.1:
            supervisor.send_signal(signal.SIGTERM)
    except psutil.AccessDenied:
        raise _refuse(f"pid {state.supervisor.pid} belongs to another user; stop it as that user") from None
    except psutil.NoSuchProcess:
        pass
    began = time.monotonic()
    while is_running(data_dir):
        if time.monotonic() - began > timeout:
            raise _refuse(
                f"still running after {timeout:.0f} s (pid {state.supervisor.pid}); see {data_dir / 'logs'}"
            )
        time.sleep(0.1)
    typer.echo(f"stopped ({time.monotonic() - began:.1f} s)")


def _refuse(text: str) -> typer.Exit:
    typer.secho(text, fg=typer.colors.RED, err=True)
    return typer.Exit(2)


def _where(data_dir: Path) -> str:
    from arena.embedded.state import read_state

    state = read_state(data_dir)
    return (
        f"{state.public_url} (pid {state.supervisor.pid}, {data_dir})"
        if state
        else f"a start in {data_dir} is under way"
    )


def _addresses(url: str, data_dir: Path, seconds: float, fake_engine: bool, pages: Path) -> str:
    """What a newcomer needs next, readable without knowing the system."""
    rows = [
        ("Viewers", "/", "join with the code on the stage, watch, vote"),
        ("Producer", "/producer/", "run the show"),
        ("Contestants", "/contestant/", "upload adapters, see scores"),
        ("Judges", "/judge/", "compare the two answers"),
        ("Stage", "/stage/…", "the on-air page; the producer's desk links to it"),
        ("Board", "/board", "the leaderboard"),
    ]
    lines = ["", f"[bold yellow]Gavel is on the air[/] (ready in {seconds:.0f} s)", ""]
    lines += [f"  {name:<12} [bold]{url}{path:<13}[/] [dim]{what}[/]" for name, path, what in rows]
    if fake_engine:
        lines += ["", "  [bold red]The engine is a fake: its answers are invented. For development only.[/]"]
    if not pages.is_dir():
        lines += ["", "  [bold red]The web pages are not built: run `make setup`.[/]"]
    return "\n".join(
        [*lines, "", f"  Logs in {data_dir / 'logs'}. Stop with Ctrl-C, or with `gavel down` elsewhere.", ""]
    )


def _print_table(url: str, since: str, seen: list["Seen"]) -> None:  # type: ignore[name-defined]  # noqa: F821
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{url}  since {since}", title_justify="left", box=None, pad_edge=False)
    for column in ("part", "state", "pid", "port", "memory", "restarts", "says"):
        table.add_column(
            column, justify="right" if column in ("pid", "port", "memory", "restarts") else "left"
        )
    for part in seen:
        colour = "green" if part.well else "bold red"
        memory = f"{part.memory_bytes / 2**20:.0f} MiB" if part.memory_bytes else ""
        cells = [
            part.name,
            f"[{colour}]{part.state}[/]",
            part.pid or "",
            part.port or "",
            memory,
            part.restarts,
            part.says,
        ]
        table.add_row(*map(str, cells))
    Console(highlight=False).print(table)
