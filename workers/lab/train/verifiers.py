"""What a written answer is worth, between 0 and 1. Rules of ours and the data set's own answer, never code from it."""

from collections.abc import Sequence

from arena.benchmarks import scoring
from arena.benchmarks.rows import BankRow
from arena.shows.base_models import BaseModel
from arena.shows.training import Verifier
from workers.lab.train.recipe import CannotTrain, Example


def reward(verifier: Verifier, written: str, wanted: str, base: BaseModel) -> float:
    """Where the frame begins anew the stage would have stopped, so nothing after it counts."""
    text, wanted = written.partition(base.frame)[0].strip(), wanted.strip()
    if verifier == "format":
        return float(bool(text) and "\n" not in text and len(text) <= len(wanted))
    return float(
        scoring.passes(verifier, text, BankRow.model_construct(question="", answer=wanted, answers=()))
    )


def refuse_unreachable(verifier: Verifier, rows: Sequence[Example], base: BaseModel) -> None:
    """An answer that would not pass itself can never be found. Raises CannotTrain naming the rows."""
    never = [row.number for row in rows if not reward(verifier, row.answer, row.answer, base)]
    if verifier == "format":
        # Its own answer may have many lines: only the length is taken from it.
        return
    if never:
        raise CannotTrain(
            "training.bad_row",
            f"No answer can pass {verifier} in {len(never)} rows, first row {never[0]}: the data set's own does not.",
            row=never[0],
            rows=never[:20],
        )
