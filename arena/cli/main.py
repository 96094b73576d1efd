"""The command `gavel`. Each command has a file of its own; what is heavy is imported when it runs."""

import typer

from arena.cli import openapi, stack

app = typer.Typer(
    name="gavel",
    help="Run live AI-competition shows: start a site, look at it, stop it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(stack.up)
app.command("status")(stack.status)
app.command("down")(stack.down)
app.command("openapi")(openapi.openapi)


if __name__ == "__main__":
    app()
