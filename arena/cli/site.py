"""Talking to a site from outside: HTTP and the live channels, as any client would."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import typer
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from arena.live.patches import State, apply


class Refused(Exception):
    """The site said no; the message is its own."""

    def __init__(self, status: int, code: str, message: str, detail: dict[str, Any] | None = None) -> None:
        super().__init__(f"{message} ({code})")
        self.status, self.code = status, code
        self.detail = detail or {}


class SiteClient:
    """One caller: a person with a session or a token, or an anonymous phone."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> Any:
        return self._body(await self._http.get(f"/api{path}"))

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._body(await self._http.post(f"/api{path}", json=body))

    async def download(self, path: str) -> bytes:
        """A file, as it was sent."""
        answer = await self._http.get(f"/api{path}")
        if answer.is_error:
            self._body(answer)
        return answer.content

    async def append(self, upload_id: str, offset: int, size: int, body: AsyncIterator[bytes]) -> int:
        """Send the rest of a file of `size` bytes from `offset` on (tus 1.0.0); returns how much is there then."""
        headers = {
            "Tus-Resumable": "1.0.0",
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Content-Length": str(size - offset),
        }
        answer = await self._http.patch(f"/api/uploads/{upload_id}", content=body, headers=headers)
        if answer.is_error:
            self._body(answer)
        return int(answer.headers["Upload-Offset"])

    async def received(self, upload_id: str) -> int:
        answer = await self._http.head(f"/api/uploads/{upload_id}")
        if answer.is_error:
            raise Refused(answer.status_code, "upload.not_found", "The upload is not there any more.")
        return int(answer.headers["Upload-Offset"])

    async def send(self, path: str, body: bytes, media_type: str) -> Any:
        headers = {"Content-Type": media_type}
        return self._body(await self._http.post(f"/api{path}", content=body, headers=headers))

    @staticmethod
    def _body(answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json()
        try:
            error = answer.json()["error"]
            raise Refused(answer.status_code, error["code"], error["message"], error.get("detail"))
        except (ValueError, KeyError, TypeError):
            raise Refused(
                answer.status_code, "http", f"HTTP {answer.status_code} without an explanation"
            ) from None

    @asynccontextmanager
    async def watch(self, *channels: str) -> AsyncIterator["Watch"]:
        """The channels over one WebSocket, kept current while the context lasts."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._http.cookies.jar)
        headers = {"Cookie": cookies} if cookies else {}
        if "authorization" in self._http.headers:
            headers["Authorization"] = self._http.headers["authorization"]
        address = self.url.replace("http", "ws", 1) + "/api/live"
        async with connect(address, additional_headers=headers, max_size=1 << 22) as socket:
            watch = Watch()
            for channel in channels:
                await socket.send(json.dumps({"t": "sub", "ch": channel}))
            reader = asyncio.create_task(watch.read(socket))
            try:
                yield watch
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)


class Watch:
    """States as built from snapshots and patches, with a count of what came."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.messages = 0
        self.patches = 0
        self._seen: dict[str, int] = {}
        self._changed = asyncio.Condition()
        self._broken: str | None = None

    async def read(self, socket: Any) -> None:
        try:
            async for message in socket:
                self.messages += 1
                for envelope in json.loads(message):
                    self._take(envelope)
                async with self._changed:
                    self._changed.notify_all()
        except WebSocketException as error:
            self._broken = str(error)
        self._broken = self._broken or "the site closed the live connection"
        async with self._changed:
            self._changed.notify_all()

    def _take(self, envelope: dict[str, Any]) -> None:
        match envelope["t"]:
            case "snap":
                self.states[envelope["ch"]] = envelope["d"]
            case "patch":
                if envelope["seq"] != self._seen[envelope["ch"]] + 1:
                    raise WebSocketException(f"a patch of {envelope['ch']} is missing")
                self.states[envelope["ch"]] = apply(self.states[envelope["ch"]], envelope["d"])
                self.patches += 1
            case "err":
                raise WebSocketException(f"{envelope['ch']}: {envelope['code']}")
            case _:
                return
        self._seen[envelope["ch"]] = envelope["seq"]

    async def until(self, channel: str, true: Callable[[State], bool], seconds: float, what: str) -> State:
        """Wait until the channel's state satisfies `true`. TimeoutError says what did not happen."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                while not (channel in self.states and true(self.states[channel])):
                    if self._broken:
                        raise ConnectionError(f"while waiting for {what}: {self._broken}")
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"not seen within {seconds:.0f} s: {what}") from None
        return self.states[channel]


def find_site(url: str | None, token: str | None, data_dir: Path) -> tuple[str, str | None]:
    """The address and the token: as given, or those of the stack running in `data_dir`."""
    if url is not None:
        return url, token
    from arena.embedded.state import is_running, read_state

    state = read_state(data_dir)
    if state is None or not is_running(data_dir):
        typer.echo(
            f"Nothing is running in {data_dir}. Start it with `gavel up`, or give --url and --token.",
            err=True,
        )
        raise typer.Exit(3)
    return state.public_url, token or state.environment.get("GAVEL_OPERATOR_TOKEN")
