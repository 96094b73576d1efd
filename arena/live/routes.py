"""The live channels: a WebSocket, and the same snapshots over plain HTTP."""

import asyncio
from contextlib import suppress
from typing import Literal

import orjson
import structlog
from fastapi import APIRouter, Depends, Request, WebSocket
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect, WebSocketState

from arena.accounts.public import current_caller
from arena.kit.access import per_channel
from arena.kit.errors import Forbidden, GavelError, Unauthenticated
from arena.kit.site import Site
from arena.live.hub import Hub, Subscriber, now
from arena.live.schemas import Snapshot
from arena.live.states import PRIVATE, Channel, admit

log = structlog.get_logger()
router = APIRouter(prefix="/live", tags=["live"])

HEARTBEAT_SECONDS = 15.0
SEND_TIMEOUT = 10.0
MAX_CHANNELS = 20
AUTH, SLOW, PROTOCOL = 4001, 4008, 4009


class Subscribe(BaseModel):
    t: Literal["sub"]
    ch: str = Field(max_length=80)
    ep: str | None = None
    seq: int | None = None


class Unsubscribe(BaseModel):
    t: Literal["unsub"]
    ch: str = Field(max_length=80)


class Ping(BaseModel):
    t: Literal["ping"]


Message: TypeAdapter[Subscribe | Unsubscribe | Ping] = TypeAdapter(Subscribe | Unsubscribe | Ping)


@router.get("/{channel}", dependencies=[Depends(per_channel)])
async def read_channel(request: Request, channel: str) -> Snapshot:
    """The channel's state now, for clients without a socket. Same state, same numbering."""
    # No connection is held while waiting for the read: it needs one itself, and the pool is not endless.
    await _let_in(request.app.state.site, request, channel)
    hub: Hub = request.app.state.hub
    watched = await hub.fresh(channel)
    return Snapshot.model_validate(
        {
            "channel": channel,
            "epoch": watched.epoch,
            "seq": watched.seq,
            "now": now(),
            "state": watched.state,
        }
    )


@router.websocket("")
async def live(socket: WebSocket, _: None = Depends(per_channel)) -> None:
    site: Site = socket.app.state.site
    hub: Hub = socket.app.state.hub
    await socket.accept()
    try:
        async with site.sessions() as session, session.begin():
            await current_caller(socket, session)
    except (Forbidden, Unauthenticated):
        await socket.close(AUTH, "This page may not connect.")
        return
    subscriber = Subscriber()
    tasks = [
        asyncio.create_task(_send(socket, hub, subscriber)),
        asyncio.create_task(_ask_again(site, hub, socket, subscriber)),
    ]
    try:
        while True:
            await _obey(site, hub, socket, subscriber, await socket.receive_text())
    except WebSocketDisconnect:
        pass
    except (ValidationError, KeyError, orjson.JSONDecodeError):
        await _close(socket, PROTOCOL, "The message was not understood.")
    finally:
        hub.leave(subscriber)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _let_in(site: Site, connection: HTTPConnection, name: str) -> None:
    """Raises when whoever is at the other end may not see the channel. Who that is, is asked afresh each time."""
    async with site.sessions() as session, session.begin():
        await admit(session, await current_caller(connection, session), Channel.parse(name))


async def _ask_again(site: Site, hub: Hub, socket: WebSocket, subscriber: Subscriber) -> None:
    """A session that ended must not keep its private channels: they end as if they had been refused."""
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        for name in [name for name in subscriber.channels if Channel.parse(name).kind in PRIVATE]:
            try:
                await _let_in(site, socket, name)
            except GavelError as refusal:
                hub.leave(subscriber, {name})
                _refuse(subscriber, name, refusal)
            except (SQLAlchemyError, OSError) as error:
                log.warning("live_not_asked_again", channel=name, error=str(error))


def _refuse(subscriber: Subscriber, channel: str, refusal: GavelError) -> None:
    subscriber.push("", orjson.dumps({"ch": channel, "t": "err", "code": refusal.code}))


async def _obey(site: Site, hub: Hub, socket: WebSocket, subscriber: Subscriber, text: str) -> None:
    match Message.validate_json(text):
        case Subscribe() as wish:
            try:
                await _let_in(site, socket, wish.ch)
                if len(subscriber.channels | {wish.ch}) > MAX_CHANNELS:
                    raise Forbidden("live.too_many_channels", "Too many channels on one connection.")
                await hub.watch(wish.ch, subscriber, wish.ep, wish.seq)
            except GavelError as refusal:
                _refuse(subscriber, wish.ch, refusal)
        case Unsubscribe() as wish:
            hub.leave(subscriber, {wish.ch})
        case Ping():
            subscriber.push("", orjson.dumps({"t": "hb", "now": now()}))


async def _send(socket: WebSocket, hub: Hub, subscriber: Subscriber) -> None:
    """Everything that is due in one message; a heartbeat when nothing was due for a while."""
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await subscriber.ready.wait()
            batch = subscriber.take(hub)
        except TimeoutError:
            batch = [orjson.dumps({"t": "hb", "now": now()})]
        if not batch:
            continue
        message = (b"[" + b",".join(batch) + b"]").decode()
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await socket.send_text(message)
        except TimeoutError:
            await _close(socket, SLOW, "This connection cannot keep up; come back in a few seconds.")
            return
        except (WebSocketDisconnect, RuntimeError):
            return


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        with suppress(RuntimeError):
            await socket.close(code, reason)
