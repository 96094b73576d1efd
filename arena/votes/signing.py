"""The site's key for ballots. It signs what was counted, and is derived: nothing more to keep or to lose."""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from arena.kit.site import Site
from arena.votes.contracts import BallotConfig

BALLOTS = b"gavel ballots v1"
JUDGES = b"gavel judges v1"
CHANNELS = b"gavel channels v1"


class BallotKey:
    """Ed25519 over the RFC 8785 form of a statement: a checkpoint, a certificate."""

    def __init__(self, secret: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(_derived(secret, BALLOTS))

    def sign(self, body: Mapping[str, Any]) -> str:
        return self._key.sign(rfc8785.dumps(dict(body))).hex()

    def public_key(self) -> str:
        return self._key.public_key().public_bytes_raw().hex()


def signed_by(public_key: str, body: Mapping[str, Any], signature: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), rfc8785.dumps(dict(body)))
    except (InvalidSignature, ValueError):
        return False
    return True


def ballot_key(site: Site) -> BallotKey:
    return _key_of(site.settings.secret_key.get_secret_value())


def judge_name(site: Site, season_id: UUID, judge_id: UUID) -> str:
    """A judge's pseudonym in a season's evidence: the same on all its ballots, another one in the next season."""
    key = _derived(site.settings.secret_key.get_secret_value(), JUDGES)
    return hmac.new(key, f"{season_id}:{judge_id}".encode(), sha256).hexdigest()[:32]


def join_mark(site: Site, episode_id: UUID, channel: str) -> str:
    """What the join link of a channel carries, and the token of a phone that came by it: nobody can name a channel
    whose link he has not seen, nor take it along to another show."""
    key = _derived(site.settings.secret_key.get_secret_value(), CHANNELS)
    return f"{channel}.{hmac.new(key, f'{episode_id}:{channel}'.encode(), sha256).hexdigest()[:16]}"


def channel_of(site: Site, episode_id: UUID, config: BallotConfig, mark: str) -> str:
    """By which channel a phone with this mark votes; without a right one by the one that closes first."""
    name = mark.partition(".")[0]
    known = any(one.id == name for one in config.channels)
    if known and hmac.compare_digest(mark, join_mark(site, episode_id, name)):
        return name
    return min(config.channels, key=lambda one: one.delay_seconds).id


@lru_cache(maxsize=8)
def _key_of(secret: str) -> BallotKey:
    return BallotKey(secret)


@lru_cache(maxsize=16)
def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
