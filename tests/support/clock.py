"""Time in tests: it is moved, not waited for. Deadlines are columns, and the database clock is the only clock."""

from sqlalchemy import text

from arena.kit.db import Sessions

TIMES = {
    "jobs": ("run_after", "deadline", "published_at", "lease_until", "created_at"),
    "outbox": ("held_until",),
    "ballots": ("opens_at", "closes_at", "locks_at"),
    "invitations": ("expires_at",),
    "mailings": ("sent_at", "expires_at"),
    "vouchers": ("created_at",),
    "sessions": ("expires_at",),
    "submissions": ("created_at",),
    "training_races": ("line_until", "started_at", "ends_at"),
    "training_runs": ("created_at", "ended_at", "paused_until"),
    "team_invitations": ("expires_at",),
    "uploads": ("touched_at",),
    # Last, as a worker that writes tokens has its job's row first.
    "answer_tokens": ("recorded_at",),
}


async def time_passes(sessions: Sessions, seconds: float) -> None:
    """As if so many seconds had gone by since everything that is written down."""
    async with sessions() as session, session.begin():
        for table, columns in TIMES.items():
            moved = ", ".join(f"{column} = {column} - make_interval(secs => :seconds)" for column in columns)
            await session.execute(text(f"update {table} set {moved}"), {"seconds": seconds})
