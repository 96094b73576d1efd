"""Identifiers: time-ordered UUIDs for rows, short codes for people."""

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No 0/O and no 1/I: a code is read from a screen across a room."""


def new_id() -> UUID:
    return uuid7()


def new_code(length: int = 6) -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(length))


def normalise_code(text: str) -> str:
    """What a hurried person typed, as the code they meant: any case, with spaces or dashes."""
    return "".join(letter for letter in text.upper() if letter in CODE_ALPHABET)


def new_secret() -> str:
    """256 bits for a session, a token or an invitation; only its SHA-256 is ever stored."""
    return secrets.token_urlsafe(32)
