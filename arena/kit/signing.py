"""Signed, expiring statements by this site: file links, job links, the viewer's device cookie."""

import time
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from arena.kit.errors import NotFound


class Signer:
    """HMAC-SHA256 over a small JSON body. `purpose` keeps a token for one thing from opening another."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(secret)

    def sign(self, purpose: str, claims: dict[str, Any], seconds: int) -> str:
        body = {**claims, "aud": purpose, "exp": int(time.time()) + seconds}
        return jwt.encode({"alg": "HS256"}, body, self._key)

    def read(self, purpose: str, token: str) -> dict[str, Any]:
        """The claims, or NotFound `link.invalid` when the token is forged, expired or for something else."""
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
        except (JoseError, ValueError) as error:
            raise NotFound("link.invalid", "This link is not valid.") from error
        if claims.get("aud") != purpose or claims.get("exp", 0) < time.time():
            raise NotFound("link.invalid", "This link has expired or is for something else.")
        return claims
