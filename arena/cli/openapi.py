"""`gavel openapi`: the API's description, made without a running server. The web's types are generated from it."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from pydantic import SecretStr

from arena.config import Settings


def openapi(
    out: Annotated[Path | None, typer.Argument(help="File to write; standard output when left out.")] = None,
) -> None:
    """Print the API description (OpenAPI 3.1) as JSON."""
    from arena.app import create_app

    # Nothing is opened: the description depends on the code alone.
    settings = Settings(
        database_url="postgresql+psycopg://",
        redis_url="redis://",
        storage_url="memory://",
        secret_key=SecretStr("-" * 32),
    )
    text = orjson.dumps(
        create_app(settings).openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    ).decode()
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text + "\n")
