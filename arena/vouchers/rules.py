"""Seat codes, addresses of which one person has many, and what of both is stored. Pure."""

import hmac
import secrets
from hashlib import sha256
from uuid import UUID

from arena.kit.errors import Invalid
from arena.kit.ids import CODE_ALPHABET

ALPHABET = CODE_ALPHABET.replace("L", "")
"""Without L, which is a 1 when somebody writes it down small. 31 are left: over a prime every slip shows."""
DRAWN = 8
"""8.5 × 10¹¹ codes: of a hall's 500 nobody guesses one. The ninth character checks the others."""
GROUP = 3

LESS_DOTS = {"gmail.com", "googlemail.com"}
"""Where a dot in a name is none."""


def new_seat_code() -> str:
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(DRAWN))
    return drawn + _check(drawn)


def grouped(code: str) -> str:
    """As it is printed: `K7M-4QX-9PA`."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def read_seat_code(typed: str) -> str:
    """The code in what a person typed; `seat.mistyped` when it can be none, which is no guess."""
    code = "".join(letter for letter in typed.upper() if letter.isalnum())
    fits = len(code) == DRAWN + 1 and set(code) <= set(ALPHABET)
    if not fits or _check(code[:-1]) != code[-1]:
        raise Invalid(
            "seat.mistyped",
            "No seat has this code. It has nine letters and digits, none of them 0, O, 1, I or L. Look at it again.",
        )
    return code


def _check(drawn: str) -> str:
    """A wrong character and two that changed places both give another one, as in an ISBN."""
    return ALPHABET[sum(place * ALPHABET.index(one) for place, one in enumerate(drawn, 2)) % len(ALPHABET)]


def new_mail_code() -> str:
    return f"{secrets.randbelow(10**6):06d}"


def mailbox(address: str) -> str:
    """The same for all spellings that are known to arrive in one mailbox."""
    name, _, domain = address.lower().rpartition("@")
    name = name.partition("+")[0] or name
    if domain in LESS_DOTS:
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}"


def stored(secret: str, what: str, episode_id: UUID, value: str) -> str:
    """Under the site's key, and another one in each episode: whoever reads the table learns neither codes nor who."""
    return hmac.new(secret.encode(), f"{what} {episode_id} {value}".encode(), sha256).hexdigest()
