"""The live channels: a WebSocket, which also takes votes, and the same snapshots over plain HTTP."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import orjson
import structlog
from fastapi import APIRouter, Depends, Request, WebSocket
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect, WebSocketState

from arena.accounts.public import Caller, current_caller
from arena.kit.access import per_channel
from arena.kit.clock import Clock
from arena.kit.errors import Forbidden, GavelError, Unauthenticated
from arena.kit.site import Site
from arena.live.hub import Hub, Subscriber, now
from arena.live.schemas import Snapshot
from arena.live.states import PRIVATE, Channel, admit
from arena.votes.box import BallotBox
from arena.votes.casting import refusal, too_fast
from arena.votes.contracts import OptionId
from arena.votes.identity import level_of
from arena.votes.policy import voter, with_proof
from arena.votes.schemas import VoteOut

log = structlog.get_logger()
router = APIRouter(prefix="/live", tags=["live"])

HEARTBEAT_SECONDS = 15.0
SEND_TIMEOUT = 10.0
MAX_CHANNELS = 20
AUTH, SLOW, PROTOCOL, FLOOD, TOO_LARGE = 4001, 4008, 4009, 4029, 1009
MAX_MESSAGE = 1 << 16
VIOLATIONS = 3
"""So often may one connection send votes faster than anybody taps."""


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


class VoteOnSocket(BaseModel):
    """The same as `POST /ballots/{b}/votes`. Answered under its `id`: `ok`, or `err` with a code."""

    t: Literal["vote"]
    id: int = Field(ge=0, lt=2**31)
    b: UUID
    c: OptionId
    n: int = Field(ge=1, lt=2**31)


Message: TypeAdapter[Subscribe | Unsubscribe | Ping | VoteOnSocket] = TypeAdapter(
    Annotated[Subscribe | Unsubscribe | Ping | VoteOnSocket, Field(discriminator="t")]
)


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
            caller = await current_caller(socket, session)
    except (Forbidden, Unauthenticated):
        await socket.close(AUTH, "This page may not connect.")
        return
    subscriber = Subscriber()
    polls = Polls(socket, subscriber, caller)
    tasks = [
        asyncio.create_task(_send(socket, hub, subscriber)),
        asyncio.create_task(_ask_again(site, hub, socket, subscriber)),
    ]
    try:
        while True:
            text = await socket.receive_text()
            if len(text) > MAX_MESSAGE:
                await _close(socket, TOO_LARGE, "The message is too large.")
                break
            message = Message.validate_json(text)
            if isinstance(message, VoteOnSocket):
                if not polls.take(message):
                    await _close(socket, FLOOD, "Too many votes at once.")
                    break
            else:
                await _obey(site, hub, socket, subscriber, message)
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


async def _obey(
    site: Site,
    hub: Hub,
    socket: WebSocket,
    subscriber: Subscriber,
    message: Subscribe | Unsubscribe | Ping,
) -> None:
    match message:
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


class Polls:
    """The votes of one connection. Each is on its way by itself: an answer waits for a commit, the page does not."""

    def __init__(self, socket: WebSocket, subscriber: Subscriber, caller: Caller) -> None:
        self._socket, self._subscriber, self._caller = socket, subscriber, caller
        self._site: Site = socket.app.state.site
        self._clock: Clock = socket.app.state.clock
        self._box: BallotBox = socket.app.state.ballot_box
        self._pace = self._box.pace()
        self._violations = 0
        self._under_way: set[asyncio.Task[None]] = set()

    def take(self, message: VoteOnSocket) -> bool:
        """False when this connection has to end: it will not keep to the pace."""
        at = self._clock.now()
        if seconds := self._pace.wait():
            self._violations += 1
            self._refuse(message, too_fast(seconds))
            return self._violations < VIOLATIONS
        # Goes on when the page is gone: what was received in time is counted, and the retry finds its receipt.
        task = asyncio.create_task(self._cast(message, at))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return True

    async def _cast(self, message: VoteOnSocket, at: datetime) -> None:
        try:
            caller, who = await self._voter(message.b)
            level = level_of(caller)
            line = await self._box.cast(
                message.b, who, message.c, message.n, level, caller.channel, at, caller.vouched
            )
        except GavelError as refused:
            self._refuse(message, refused)
        except (SQLAlchemyError, OSError):
            self._refuse(message, refusal("vote.try_again", retry_ms=1000))
        else:
            said = VoteOut.of(line).model_dump_json().encode()
            self._subscriber.reply(b'{"t":"ok","id":%d,"d":%b}' % (message.id, said))

    async def _voter(self, ballot_id: UUID) -> tuple[Caller, str]:
        """A device is what its signed token says. Who has an account is asked afresh each time, as over HTTP."""
        if self._caller.person is None:
            return self._caller, self._caller.phone
        async with self._site.sessions() as session, session.begin():
            caller = await current_caller(self._socket, session)
            who = await voter(ballot_id, caller, session)
            return await with_proof(session, caller, ballot_id), who

    def _refuse(self, message: VoteOnSocket, said: GavelError) -> None:
        self._subscriber.reply(
            orjson.dumps(
                {
                    "t": "err",
                    "id": message.id,
                    "code": said.code,
                    "message": said.message,
                    "retry_ms": said.detail.get("retry_ms"),
                }
            )
        )


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
