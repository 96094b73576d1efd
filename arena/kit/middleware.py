"""What every request passes on its way in and every answer on its way out.

Pure ASGI, so that streaming and context variables stay as they are.
"""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arena.kit.errors import GavelError, Invalid, NotFound, TooLarge
from arena.kit.links import JOB
from arena.kit.site import Site

BODY_LIMIT = 1 << 20
"""Bytes. Nothing that people type comes near it."""
LAB_LIMIT = 32 << 20
"""A benchmark's result holds every question with its answer. Only for who brings the signed link of a job."""
LAB = "/api/lab/jobs/"
OWN_LIMITS = ("/api/uploads/", "/api/files/", "/api/moderation/lists/", "/api/suites")
"""Paths whose routes bound a file themselves, knowing the season's rules or the link."""


class SecurityHeaders:
    """Headers on every answer."""

    HEADERS = (
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (
            b"content-security-policy",
            # WebAssembly of our own pages only: it hashes files before an upload.
            b"default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; "
            b"style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
            b"connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; frame-ancestors 'self'",
        ),
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/api/docs"):
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers)


class BodyLimit:
    """Refuses a body too large for its path before a byte of it is read: a form or a JSON document would otherwise be
    taken in whole before anybody is asked who he is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await JSONResponse(refusal.body(), refusal.status)(scope, receive, send)

    def _refusal(self, scope: Scope) -> GavelError | None:
        path, headers = scope["path"], Headers(scope=scope)
        if path.startswith(OWN_LIMITS):
            return None
        if "transfer-encoding" in headers:
            return Invalid("upload.length_required", "The request must say how long it is (Content-Length).")
        limit = LAB_LIMIT if _has_job_link(scope) else BODY_LIMIT
        if int(headers.get("content-length", 0)) > limit:
            return TooLarge("upload.too_large", f"The request is larger than {limit} bytes.", max_bytes=limit)
        return None


def _has_job_link(scope: Scope) -> bool:
    if not scope["path"].startswith(LAB):
        return False
    site: Site = scope["app"].state.site
    try:
        site.signer.read(JOB, scope["path"].removeprefix(LAB).partition("/")[0])
    except NotFound:
        return False
    return True
