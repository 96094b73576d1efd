"""The live channels: a WebSocket, and the same snapshots over plain HTTP."""

import asyncio
from contextlib import suppress
from typing import Literal

import orjson
from fastapi import APIRouter, Depends, Request, WebSocket
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from arena.accounts.public import Caller, PublicCaller, current_caller
from arena.kit.access import per_channel
from arena.kit.db import SessionDep, db_now
from arena.kit.errors import Forbidden, GavelError, Unauthenticated
from arena.kit.site import Site
from arena.live.hub import Hub, Subscriber, now
from arena.live.schemas import Snapshot
from arena.live.states import Channel, admit

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


@router.get("/{channel}")
async def read_channel(request: Request, channel: str, caller: PublicCaller, session: SessionDep) -> Snapshot:
    """The channel's state now, for clients without a socket. Same state, same numbering."""
    await admit(session, caller, Channel.parse(channel))
    hub: Hub = request.app.state.hub
    watched = await hub.current(channel)
    await hub.refresh(channel)
    return Snapshot.model_validate(
        {
            "channel": channel,
            "epoch": watched.epoch,
            "seq": watched.seq,
            "now": await db_now(session),
            "state": watched.state,
        }
    )


@router.websocket("")
async def live(socket: WebSocket, _: None = Depends(per_channel)) -> None:
    site: Site = socket.app.state.site
    hub: Hub = socket.app.state.hub
    await socket.accept()
    try:
        await _caller(site, socket)
    except (Forbidden, Unauthenticated):
        await socket.close(AUTH, "This page may not connect.")
        return
    subscriber = Subscriber()
    sender = asyncio.create_task(_send(socket, hub, subscriber))
    try:
        while True:
            await _obey(site, hub, socket, subscriber, await socket.receive_text())
    except WebSocketDisconnect:
        pass
    except (ValidationError, KeyError, orjson.JSONDecodeError):
        await _close(socket, PROTOCOL, "The message was not understood.")
    finally:
        hub.leave(subscriber)
        sender.cancel()
        with suppress(asyncio.CancelledError):
            await sender


async def _caller(site: Site, socket: WebSocket) -> Caller:
    # Asked afresh each time: a session that was signed out must not keep its private channels.
    async with site.sessions() as session, session.begin():
        return await current_caller(socket, session)


async def _obey(site: Site, hub: Hub, socket: WebSocket, subscriber: Subscriber, text: str) -> None:
    match Message.validate_json(text):
        case Subscribe() as wish:
            try:
                caller = await _caller(site, socket)
                async with site.sessions() as session:
                    await admit(session, caller, Channel.parse(wish.ch))
                if len(subscriber.channels | {wish.ch}) > MAX_CHANNELS:
                    raise Forbidden("live.too_many_channels", "Too many channels on one connection.")
                await hub.watch(wish.ch, subscriber, wish.ep, wish.seq)
            except GavelError as refusal:
                subscriber.push("", orjson.dumps({"ch": wish.ch, "t": "err", "code": refusal.code}))
        case Unsubscribe() as wish:
            hub.leave(subscriber, {wish.ch})
        case Ping():
            subscriber.push("", orjson.dumps({"t": "hb", "now": now()}))


async def _send(socket: WebSocket, hub: Hub, subscriber: Subscriber) -> None:
    """Everything that is due in one message; a heartbeat when nothing was due for a while."""
    while True:
        try:
            await asyncio.wait_for(subscriber.ready.wait(), HEARTBEAT_SECONDS)
            batch = subscriber.take(hub)
        except TimeoutError:
            batch = [orjson.dumps({"t": "hb", "now": now()})]
        if not batch:
            continue
        message = (b"[" + b",".join(batch) + b"]").decode()
        try:
            await asyncio.wait_for(socket.send_text(message), SEND_TIMEOUT)
        except TimeoutError:
            await _close(socket, SLOW, "This connection cannot keep up; come back in a few seconds.")
            return
        except (WebSocketDisconnect, RuntimeError):
            return


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        with suppress(RuntimeError):
            await socket.close(code, reason)
