"""A proof of work: what a phone does in a blink and a farm of tokens pays for, one by one.

The protocol is ALTCHA's (SHA-256, a signed challenge with an expiry, the answer a number), bound to one device: an
answer can be sent again, and raises the same device again.
"""

from hashlib import sha256
from math import log2
from secrets import token_hex

import structlog
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from redis.exceptions import RedisError
from starlette.requests import Request

from arena.accounts.limits import LIMITS
from arena.kit.errors import Invalid
from arena.kit.site import Site

WORK = "work"
LIFE_SECONDS = 300
LEAST_BITS = 16
"""65,000 hashes in the mean: a fifth of a second on a phone."""
MOST_MORE = 5
FREE = 200
"""So many proofs within the window cost an address the least: a hall is one address, a carrier, too. Nobody is shut
out; more of them cost each a little more."""


async def challenge(request: Request, device: str) -> tuple[str, str, int]:
    """Its signed form, the seed, and how many leading zero bits are asked for."""
    site: Site = request.app.state.site
    seed, bits = token_hex(16), LEAST_BITS + await _more(request)
    token = site.signer.sign(WORK, {"device": device, "seed": seed, "bits": bits}, LIFE_SECONDS)
    return token, seed, bits


def check(site: Site, device: str, token: str, answer: int) -> None:
    """Raises unless the answer is one to a challenge of this device."""
    claims = site.signer.read(WORK, token)
    if claims["device"] != device or not solves(claims["seed"], claims["bits"], answer):
        raise Invalid("device.work_wrong", "This answer does not solve the challenge. Ask for another one.")


def solves(seed: str, bits: int, answer: int) -> bool:
    hashed = sha256(f"{seed}:{answer}".encode()).digest()
    return int.from_bytes(hashed, "big") >> (256 - bits) == 0


async def _more(request: Request) -> int:
    limiter: MovingWindowRateLimiter = request.app.state.limiter
    limit, address = LIMITS[WORK], request.client.host if request.client else "unknown"
    try:
        await limiter.hit(limit, WORK, address)
        left = (await limiter.get_window_stats(limit, WORK, address)).remaining
    except (RedisError, StorageError, OSError) as error:
        structlog.get_logger().warning("limiter_unreachable", error=str(error))
        return 0
    return min(MOST_MORE, int(log2(max(1.0, (limit.amount - left) / FREE))))
