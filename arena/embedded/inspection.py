"""A look at a running stack from outside: is each process there, does it answer, how much memory does it hold."""

import asyncio
from contextlib import suppress

import psutil
from pydantic import BaseModel

from arena.embedded import gates
from arena.embedded.gates import Gate, Health
from arena.embedded.state import PartState, ProcessId, StackState


class Seen(BaseModel):
    name: str
    state: str
    well: bool
    pid: int | None
    port: int | None
    restarts: int
    memory_bytes: int | None
    """Proportional set size of the part and its descendants (shared pages are split among those who share them)."""
    says: str


async def inspect(state: StackState) -> list[Seen]:
    """Every part, asked now. A step that is done needs no process; a part used from outside is not in the list."""
    return list(await asyncio.gather(*(_look(part, state) for part in state.parts)))


async def _look(part: PartState, state: StackState) -> Seen:
    process = _process(part.process)
    health = Health(True)
    if part.state != "done":
        gate = _gate(part, state.environment)
        health = (
            Health(False, "no such process") if process is None else await gate() if gate else Health(True)
        )
    return Seen(
        name=part.name,
        state=part.state,
        well=health.ready and part.state in ("ready", "done"),
        pid=process.pid if process else None,
        port=part.port,
        restarts=part.restarts,
        memory_bytes=_memory(process) if process else None,
        says=health.note,
    )


def _gate(part: PartState, environment: dict[str, str]) -> Gate | None:
    match part.name:
        case "postgres":
            return gates.postgres(environment["GAVEL_DATABASE_URL"])
        case "valkey":
            return gates.redis(environment["GAVEL_REDIS_URL"])
        case "portal":
            return gates.http(f"{environment['GAVEL_INTERNAL_URL']}/healthz")
        case "engine":
            return gates.engine(environment["GAVEL_ENGINE_URLS"])
    return None


def _process(known: ProcessId | None) -> psutil.Process | None:
    if known is None:
        return None
    with suppress(psutil.Error):
        process = psutil.Process(known.pid)
        if abs(process.create_time() - known.created) < 0.1 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _memory(process: psutil.Process) -> int | None:
    total = 0
    try:
        for member in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                total += member.memory_full_info().pss
    except (psutil.Error, AttributeError):  # not ours to read, or a system without proportional sizes
        return None
    return total
