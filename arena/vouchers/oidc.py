"""Who somebody is, as an OpenID Connect provider says it: the authorization code flow with PKCE.

Of all that a provider says only the subject leaves this module. It is asked for no name and no address (scope
`openid`), and its tokens are read once and dropped.
"""

import asyncio
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from time import monotonic, time
from typing import Any, Generic, NoReturn, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import orjson
import structlog
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from pydantic import BaseModel

from arena.config import Settings, is_secure
from arena.kit.errors import Forbidden, Unavailable

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""With a secret that both sides know, or none, whoever has read the public key could sign."""
KEY_TYPES = ("RSA", "EC")
PATIENCE = 10.0
LARGEST = 256 * 1024
FRESH_SECONDS = 3600.0
LEEWAY = 60.0
"""Clocks differ."""
OLDEST = 600.0
"""An ID token is made when the code is exchanged, which is now."""
CALLBACK = "/api/oidc/callback"

T = TypeVar("T")

log = structlog.get_logger()


class Discovery(BaseModel):
    """OpenID Connect Discovery 1.0, as much of it as is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]


class Provider:
    """The one that whoever runs the site has configured."""

    def __init__(self, issuer: str, settings: Settings) -> None:
        self.issuer, self._id = issuer, settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value()
        self._returns_to = settings.public_url + CALLBACK
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._about = _Shared(self._discover)
        self._keys = _Shared(self._read_keys)
        self.name = settings.oidc_name or urlsplit(issuer).hostname or issuer

    async def sign_in_url(self, state: str, nonce: str, verifier: str) -> str:
        """Where a browser is sent; what comes back has to fit. Raises Unavailable `oidc.unreachable`."""
        about = await self._about.get()
        challenge = _base64url(sha256(verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self._id,
            "redirect_uri": self._returns_to,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return str(httpx.URL(about.authorization_endpoint).copy_merge_params(asked))

    async def subject(self, code: str, nonce: str, verifier: str, issuer: str | None = None) -> str:
        """Who came back with this code. `issuer`: who says to have sent him (RFC 9207). Raises Forbidden
        `oidc.not_proven`, or Unavailable `oidc.unreachable`."""
        if issuer is not None and issuer != self.issuer:
            _refuse("it was sent by another issuer")
        token = await self._exchange(code, verifier)
        try:
            claims = await self._verified(token)
        except (JoseError, ValueError, LookupError, TypeError) as error:
            _refuse(f"ID token: {str(error) or type(error).__name__}")
        if wrong := wrong_claim(claims, self.issuer, self._id, nonce, time()):
            _refuse(f"ID token: {wrong}")
        return str(claims["sub"])

    async def _exchange(self, code: str, verifier: str) -> str:
        about = await self._about.get()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._returns_to,
            "code_verifier": verifier,
        }
        auth = None
        if self._secret and "client_secret_basic" in about.token_endpoint_auth_methods_supported:
            # RFC 6749, 2.3.1: both are encoded as in a form first.
            auth = httpx.BasicAuth(quote(self._id, safe=""), quote(self._secret, safe=""))
        else:
            form |= {"client_id": self._id} | ({"client_secret": self._secret} if self._secret else {})
        said = await self._ask("POST", about.token_endpoint, data=form, auth=auth)
        token = said.get("id_token")
        if not isinstance(token, str):
            _refuse(f"the token endpoint gave no ID token: {str(said.get('error'))[:80]}")
        return token

    async def _verified(self, token: str) -> dict[str, Any]:
        """What is signed by one of the provider's keys. They are read anew for one that is not known: keys change."""
        keys = await self._keys.get()
        try:
            return jwt.decode(token, keys, ALGORITHMS).claims
        except InvalidKeyIdError:
            return jwt.decode(token, await self._keys.get(other_than=keys), ALGORITHMS).claims

    async def _discover(self) -> Discovery:
        url = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            about = Discovery.model_validate(await self._ask("GET", url))
        except ValueError as error:
            raise _unreachable(f"{url}: {error}") from error
        scheme = urlsplit(self.issuer).scheme
        for one in (about.authorization_endpoint, about.token_endpoint, about.jwks_uri):
            if not is_secure(one) or urlsplit(one).scheme != scheme:
                raise _unreachable(f"{url} names an address that is not HTTPS: {one}")
        if about.issuer != self.issuer:
            raise _unreachable(f"{url} is about another issuer: {about.issuer}")
        return about

    async def _read_keys(self) -> KeySet:
        url = (await self._about.get()).jwks_uri
        said = (await self._ask("GET", url)).get("keys")
        keys = [key for one in said if (key := _key(one))] if isinstance(said, list) else []
        if not keys:
            raise _unreachable(f"{url} has no key to verify with")
        return KeySet(keys)

    async def _ask(self, method: str, url: str, **what: Any) -> dict[str, Any]:
        """No proxy of the environment, no redirects, no more than is needed, however slowly it drips in. Raises
        Unavailable `oidc.unreachable`."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        body = bytearray()
        try:
            async with (
                asyncio.timeout(PATIENCE),
                httpx.AsyncClient(trust_env=False, timeout=None, verify=self._tls) as client,
                client.stream(method, url, headers=headers, **what) as answer,
            ):
                if answer.is_redirect or answer.is_server_error:
                    raise ValueError(f"status {answer.status_code}")
                # Raw: what is packed after all may not grow here.
                async for piece in answer.aiter_raw():
                    body += piece
                    if len(body) > LARGEST:
                        raise ValueError(f"more than {LARGEST} bytes")
            said = orjson.loads(body)
            if not isinstance(said, dict):
                raise TypeError("no JSON object")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, TypeError) as error:
            raise _unreachable(f"{url}: {str(error) or type(error).__name__}") from error
        return said


class _Shared(Generic[T]):
    """What many wait for is asked for once, and kept for an hour; a failure is not kept."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._task: asyncio.Future[T] | None = None
        self._asked_at = 0.0

    async def get(self, other_than: T | None = None) -> T:
        if self._task is None or (self._task.done() and self._is_old(self._task, other_than)):
            self._asked_at = monotonic()
            self._task = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._task)

    def _is_old(self, task: asyncio.Future[T], other_than: T | None) -> bool:
        if task.cancelled() or task.exception() or monotonic() > self._asked_at + FRESH_SECONDS:
            return True
        return task.result() is other_than


def provider_of(settings: Settings) -> Provider | None:
    """None where the site has none."""
    return None if settings.oidc_issuer is None else Provider(settings.oidc_issuer, settings)


def wrong_claim(claims: dict[str, Any], issuer: str, client_id: str, nonce: str, now: float) -> str:
    """What is wrong with an ID token whose signature is right (OpenID Connect Core 1.0, 3.1.3.7); empty: nothing."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != issuer:
        return "of another issuer"
    if client_id not in audiences:
        return "for somebody else"
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        return "given to somebody else"
    if not _number(claims.get("exp")) or not claims["exp"] > now - LEEWAY:
        return "expired"
    if not _number(claims.get("iat")) or not now - OLDEST < claims["iat"] < now + LEEWAY:
        return "not made just now"
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        return "made for another sign-in"
    if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
        return "about nobody"
    return ""


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _key(data: object) -> Key | None:
    """One to verify with; None for one of another kind, which says nothing against the others."""
    if not isinstance(data, dict) or data.get("kty") not in KEY_TYPES or data.get("use", "sig") != "sig":
        return None
    try:
        return JWKRegistry.import_key(data)
    except (JoseError, ValueError, LookupError, TypeError):
        return None


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def secret_of(secret: str, what: str, attempt: str) -> str:
    """What has to be known again when somebody comes back, and must not stand in an address: it follows from the
    attempt's name under the site's key, so that nobody stores it."""
    return _base64url(hmac.new(secret.encode(), f"oidc {what} {attempt}".encode(), sha256).digest())


def _refuse(reason: str) -> NoReturn:
    log.warning("oidc_not_proven", reason=reason)
    raise Forbidden(
        "oidc.not_proven", "What the sign-in service answered does not prove who you are. Sign in again."
    )


def _unreachable(reason: str) -> Unavailable:
    log.warning("oidc_unreachable", reason=reason)
    return Unavailable(
        "oidc.unreachable", "The sign-in service cannot be reached just now. Try again in a moment."
    )
