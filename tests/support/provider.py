"""An OpenID Connect provider for tests, on the loopback: discovery, keys, the code flow with PKCE, real signatures."""

import asyncio
import hmac
import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.support.portal import Caller, serving

CLIENT, SECRET = "gavel of the tests", "a secret: with / and %"

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
STRANGER = ECKey.generate_key("P-256", {"kid": "ec"})
"""Has the name of one of its keys."""
ODD: tuple[Any, ...] = (
    7,
    {"kty": ["RSA"]},
    {"kty": "RSA", "n": 1},
    {"kty": "oct", "k": "c2VjcmV0", "kid": "ec"},
)
"""What may stand among the keys, too, and is none."""


@dataclass
class FakeProvider:
    """Change the public fields to misbehave."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """Said instead of what is true; None leaves one out."""
    key: RSAKey | ECKey = field(default_factory=lambda: EC)
    published: tuple[RSAKey | ECKey, ...] = (RSA, EC)
    forge: str = ""
    """`none`: unsigned; `HS256`: signed with the public key as a secret."""
    answers: dict[str, bytes] = field(default_factory=dict)
    """Path -> what is sent from there instead."""
    away: str = ""
    """The path that sends everybody elsewhere."""
    silent: str = ""
    """The path that never answers."""
    methods: list[str] = field(default_factory=lambda: ["client_secret_basic", "client_secret_post"])
    asked: list[str] = field(default_factory=list)
    """Paths, in their order."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def settings(self) -> dict[str, Any]:
        return {
            "oidc_issuer": self.url,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SecretStr(SECRET),
            "oidc_name": "Example ID",
        }

    def restore(self) -> None:
        self.claims, self.key, self.published, self.forge = {}, EC, (RSA, EC), ""
        self.answers, self.away, self.silent = {}, "", ""

    async def signs_in(self, phone: Caller, begun: str, subject: str) -> tuple[str, str]:
        """What the phone's browser does with the address it was sent to: the way back (path and query), and what the
        page is told at its end."""
        async with httpx.AsyncClient(trust_env=False, verify=False) as browser:
            asked = await browser.get(httpx.URL(begun).copy_merge_params({"subject": subject}))
        assert asked.status_code == 302, asked.text
        back = asked.headers["location"]
        assert back.startswith("http://127.0.0.1:8000/api/oidc/callback?")
        way = back.removeprefix("http://127.0.0.1:8000")
        return way, await self.comes_back(phone, way)

    @staticmethod
    async def comes_back(phone: Caller, way: str) -> str:
        answer = await phone.get(way)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    # --- its doors --------------------------------------------------------------------------------------------------

    async def serve(self, request: Request) -> Response:
        path = request.url.path
        self.asked.append(path)
        if path == self.silent:
            await self._released.wait()
        answer = await self._answer(request, path)
        if path == self.away:
            # With all that was asked for: only the status says that it is not from here.
            answer.status_code, answer.headers["location"] = 302, f"{self.url}/elsewhere{path}"
        return answer

    async def _answer(self, request: Request, path: str) -> Response:
        if (said := self.answers.get(path)) is not None:
            return Response(said, media_type="application/json")
        match path.removeprefix("/elsewhere"):
            case "/.well-known/openid-configuration":
                return JSONResponse(self.about())
            case "/keys":
                return JSONResponse({"keys": [*ODD, *(one.as_dict(private=False) for one in self.published)]})
            case "/authorize":
                return self._authorize(dict(request.query_params))
            case "/token":
                return self._token(request, await request.body())
        return Response(status_code=404)

    def about(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": self.methods,
        }

    def _authorize(self, asked: dict[str, str]) -> Response:
        assert (asked["response_type"], asked["scope"], asked["tenant"]) == ("code", "openid", "1")
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
        back = {"state": asked["state"], "iss": self.url}
        if asked["subject"] == "nobody":
            back["error"] = "access_denied"
        else:
            back["code"] = token_hex(8)
            self._codes[back["code"]] = asked
        return RedirectResponse(httpx.URL(asked["redirect_uri"], params=back).__str__(), 302)

    def _token(self, request: Request, body: bytes) -> Response:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        asked = self._codes.pop(form["code"], None)
        if "client_secret_basic" in self.methods:
            # As RFC 6749, 2.3.1 has it: each part form-encoded.
            pair = b"gavel%20of%20the%20tests:a%20secret%3A%20with%20%2F%20and%20%25"
            known = request.headers.get("authorization") == "Basic " + b64encode(pair).decode()
        else:
            known = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if not known:
            return JSONResponse({"error": "invalid_client"}, 401)
        proven = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if (
            asked is None
            or asked["code_challenge"] != proven
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "unused", "token_type": "Bearer", "id_token": self._id_token(asked)}
        )

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        said = {
            "iss": self.url,
            "sub": asked["subject"],
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "email": f"{asked['subject']}@example.org",
        }
        claims = {name: value for name, value in {**said, **self.claims}.items() if value is not None}
        if self.forge:
            # By hand: no library signs with nothing, or with a public key as a secret.
            parts = ({"alg": self.forge, "kid": self.key.kid}, claims)
            signed = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
            secret = self.key.as_pem(private=False)
            mac = hmac.digest(secret, signed, "sha256") if self.forge == "HS256" else b""
            return (signed + b"." + urlsafe_b64encode(mac).rstrip(b"=")).decode()
        algorithm = "RS256" if isinstance(self.key, RSAKey) else "ES256"
        return jwt.encode({"alg": algorithm, "kid": self.key.kid}, claims, self.key)


@asynccontextmanager
async def oidc_provider() -> AsyncIterator[FakeProvider]:
    provider = FakeProvider()
    app = Starlette(routes=[Route("/{path:path}", provider.serve, methods=["GET", "POST"])])
    async with serving(app) as port:
        provider.url = f"http://127.0.0.1:{port}"
        try:
            yield provider
        finally:
            provider._released.set()


def state_of(begun: str) -> str:
    return parse_qs(urlsplit(begun).query)["state"][0]
