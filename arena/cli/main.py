"""The command `gavel`: one table of commands; the code of a command is imported when that command runs."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "up": "arena.cli.stack:up",
    "status": "arena.cli.stack:status",
    "down": "arena.cli.stack:down",
    "demo": "arena.cli.demo:demo",
    "submit": "arena.cli.submit:submit",
    "convert": "arena.cli.convert:convert",
    "train": "arena.cli.train:train",
    "verify": "arena.cli.verify:verify",
    "ratings": "arena.cli.ratings:ratings",
    "moderation": "arena.cli.moderation:moderation",
    "suite": "arena.cli.suite:suite",
    "invite": "arena.cli.invite:invite",
    "engine": "arena.cli.engine:engine",
    "nodes": "arena.cli.nodes:nodes",
    "models": "arena.cli.models:models",
    "quantise": "arena.cli.quantise:quantise",
    "worker": "arena.cli.worker:worker",
    "bench": "arena.cli.bench:bench",
    "openapi": "arena.cli.openapi:openapi",
}
"""Name → `module:function` (or `module:Typer` for a command with sub-commands), in the order of the help page."""


class Commands(TyperGroup):
    """Looks a command up in the table, so that `gavel status` does not pay for what `gavel engine` needs."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        target = getattr(import_module(module), name)
        if not isinstance(target, typer.Typer):
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(target)
            target = single
        command = typer.main.get_command(target)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def gavel() -> None:
    """Run live AI-competition shows: start a site, look at it, take part."""


if __name__ == "__main__":
    app(prog_name="gavel")
