"""`gavel worker`: one worker of a larger site, configured by `GAVEL_…` variables."""

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    CONTROL = "control"
    LAB = "lab"


def worker(
    kind: Annotated[Kind, typer.Argument(help="control: trusted, has the database. lab: opens uploads.")],
) -> None:
    """Run one worker in the foreground until it is told to stop."""
    # Replaced, not started: signals reach the worker itself.
    os.execv(sys.executable, [sys.executable, "-m", f"workers.{kind}"])
