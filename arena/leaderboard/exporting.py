"""The board as a file, exactly as it is shown."""

import csv
import io

from arena.duels.files import AI_LABEL, AiLabel
from arena.leaderboard.schemas import Board, BoardFile, BoardRow

FORMAT = "gavel.board.v1"
COLUMNS = (
    *("rank", "rank_to", "entry_id", "name", "kind", "rating", "rating_lo", "rating_hi", "duels", "reason"),
    *("accuracy", "accuracy_stderr", "accuracy_stale"),
    *("speed", "speed_lo", "speed_hi", "speed_run", "rehearsal"),
    *("overall", "overall_lo", "overall_hi", "missing"),
    *("season", "version", "computed_at", "rules_digest", "snapshot_id", "ai_label"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would compute a text that begins like this. Names are the contestants' own words."""


def as_json(board: Board) -> bytes:
    file = BoardFile(ai_generated=True, ai_label=AiLabel.model_validate(AI_LABEL), format=FORMAT, board=board)
    return file.model_dump_json(indent=2).encode()


def as_csv(board: Board) -> bytes:
    """Every line says of what board it is. Scores that do not exist are empty."""
    file = io.StringIO(newline="")
    table = csv.writer(file)
    table.writerow(COLUMNS)
    label = f"{AI_LABEL['zh']} / {AI_LABEL['en']}"
    about = (board.season, board.version, board.computed_at.isoformat(), board.rules_digest)
    for row in board.rows:
        table.writerow([*map(_cell, [*_figures(row), *about]), board.snapshot_id, label])
    # The mark lets spreadsheets read Chinese.
    return file.getvalue().encode("utf-8-sig")


def _figures(row: BoardRow) -> list[object]:
    accuracy, speed, overall = row.accuracy, row.speed, row.overall
    return [
        *(
            row.rank,
            row.rank_to,
            row.entry_id,
            row.name,
            row.kind,
            row.rating,
            row.lo,
            row.hi,
            row.duels,
            row.reason,
        ),
        *((accuracy.value, accuracy.stderr, accuracy.stale) if accuracy else (None,) * 3),
        *((speed.ratio, speed.lo, speed.hi, speed.run_id, speed.rehearsal) if speed else (None,) * 5),
        *((overall.value, overall.lo, overall.hi) if overall else (None,) * 3),
        " ".join(row.missing),
    ]


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
