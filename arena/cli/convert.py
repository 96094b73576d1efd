"""`gavel convert DIR`: a variant that cannot be served becomes the plain LoRA nearest to it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

WORST = 10


def convert(
    directory: Annotated[
        Path, typer.Argument(help="Folder with the adapter as PEFT saved it (DoRA, PiSSA, LoHa, …).")
    ],
    base: Annotated[Path, typer.Option(help="Folder with the base model that it was trained on.")],
    rank: Annotated[int, typer.Option(min=1, help="Rank of the plain LoRA; the track's cap loses least.")],
    out: Annotated[Path, typer.Option(help="Folder for the two files to upload.")],
) -> None:
    """Merge an adapter into its base model, extract the nearest plain LoRA, and say how much is lost.

    Runs on this machine and needs torch, transformers and peft. Exit code 1: it cannot be converted.
    """
    console = Console(stderr=True)
    try:
        from workers.lab import convert as converter
    except ImportError as error:
        console.print(
            f"[red]{error.name} is missing.[/] Install gavel with the extra `lab`: pip install 'gavel[lab]'"
        )
        raise typer.Exit(2) from error
    if out.resolve() == directory.resolve():
        console.print(
            "[red]--out is the adapter's own folder.[/] Name another, so that nothing is overwritten."
        )
        raise typer.Exit(2)
    try:
        with console.status("merging, then one singular value decomposition per module"):
            residual = converter.convert(directory, base, rank, out)
    except (OSError, ValueError) as error:
        console.print(f"[red]Not converted:[/] {error}")
        raise typer.Exit(1) from error
    table = Table("module", "lost", title=f"‖ΔW − B·A‖ / ‖ΔW‖ at rank {residual.rank}, worst first")
    worst = sorted(residual.modules.items(), key=lambda item: -item[1])
    for module, share in worst[:WORST]:
        table.add_row(module, f"{share:.2%}")
    if len(worst) > WORST:
        table.add_row(f"… {len(worst) - WORST} more", f"up to {worst[WORST][1]:.2%}")
    console.print(table)
    console.print(
        f"[bold]Overall {residual.overall:.2%} of the change is lost.[/] The plain LoRA is in {out}."
    )
