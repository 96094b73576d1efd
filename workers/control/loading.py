"""Having an adapter on a held node, and making sure that it is the one it claims to be."""

import asyncio

from arena.nodes import public as nodes
from arena.submissions.contracts import AdapterRef
from workers.control.held import Held
from workers.pool.client import AdapterUnknown, DuelLive, EngineClient, EngineError, EngineNotReady

LET_GO_SECONDS = (0.05, 0.2, 1.0, 2.0)
"""Pauses in which a node notices that nobody listens to a duel any more."""


class WrongAdapter(EngineError):
    """The node answers under this name with something else than what was recorded."""


async def load(held: Held, engine: EngineClient, node: nodes.LeasedNode, adapter: AdapterRef) -> str:
    """Returns the adapter's fingerprint; empty on an engine that has none, to which nothing ranked is ever sent."""
    loaded = await engine.ensure_adapter(adapter.digest, adapter.weights_url, adapter.config_url)
    check = await engine.check_adapter(loaded.name)
    if check.fingerprint is None:
        return ""
    async with held.writing() as (session, _):
        known = await nodes.fingerprint(session, node, adapter.digest)
        if known is None and check.matches:
            # Admitted on another engine build or other hardware: from now on this is its answer here.
            await nodes.recognise(session, node, adapter.digest, check.fingerprint)
            known = check.fingerprint
    if not check.matches or known != check.fingerprint:
        raise WrongAdapter(f"{adapter.name} does not answer as it did when it was admitted")
    return check.fingerprint


async def start_anew(engine: EngineClient, name: str) -> None:
    """An engine that has computed NaN answers others with it: it is started anew, without the adapter that brought it,
    before anybody else is answered."""
    for pause in LET_GO_SECONDS:
        await asyncio.sleep(pause)
        try:
            await engine.recycle(name)
        except DuelLive:
            continue
        except (EngineNotReady, AdapterUnknown):
            pass  # another fault of the same duel has started it anew
        return
