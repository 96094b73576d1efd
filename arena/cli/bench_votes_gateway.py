"""One life of a portal process, as `gavel up` starts it; for measuring, also one that stores nothing."""

from datetime import datetime
from typing import Any
from uuid import UUID

import uvicorn

from arena.app import create_app
from arena.cli.bench_votes_site import allow_files
from arena.config import Settings
from arena.votes import box
from arena.votes.contracts import Level
from arena.votes.ledger import Line, stamp

NONCE = VOTER = "0" * 32


def serve(settings: Settings, port: int, ceiling: bool) -> None:
    allow_files()
    if ceiling:
        box.BallotBox.cast = _at_once  # type: ignore[method-assign, assignment]
    # One socket stands for very many here.
    box.PER_SECOND = box.AT_ONCE = 1_000_000
    uvicorn.run(
        create_app(settings),
        host="127.0.0.1",
        port=port,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=4096,
        ws_per_message_deflate=False,
        backlog=8192,
        timeout_graceful_shutdown=1,
    )


async def _at_once(
    _: Any,
    ballot: UUID,
    voter: str,
    choice: str,
    n: int,
    level: Level,
    channel: str,
    at: datetime,
    vouched: object = None,
) -> Line:
    return Line(str(ballot), 0, 0, VOTER, n, choice, level, channel, stamp(at), NONCE)
