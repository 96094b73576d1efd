"""Slowing down guessers, and whoever asks for more than a share, with the `limits` library on Valkey.

Counted per address, generously, because a studio or a mobile carrier is one address; and per account, whose guesser may
have many addresses.
When Valkey is away people can still sign in; the password hash is slow enough on its own for that while.
"""

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string
from redis.exceptions import RedisError
from starlette.requests import Request

from arena.kit.errors import TooMany

LIMITS: dict[str, RateLimitItem] = {
    "login": RateLimitItemPerMinute(100, 5),
    "account": RateLimitItemPerMinute(10, 5),
    "register": RateLimitItemPerMinute(60, 5),
    "device": RateLimitItemPerMinute(3000, 5),
    "work": RateLimitItemPerMinute(10_000, 5),
    "seat": RateLimitItemPerMinute(3000, 5),
    "seat_of_phone": RateLimitItemPerMinute(10, 5),
    "mail": RateLimitItemPerMinute(3000, 5),
    "oidc": RateLimitItemPerMinute(3000, 5),
    "oidc_of_voter": RateLimitItemPerMinute(20, 5),
}

PATIENCE = 2.0
"""Seconds to wait for Valkey before somebody is let in uncounted."""

log = structlog.get_logger()


def make_limiter(redis_url: str) -> MovingWindowRateLimiter:
    address = "async+" + redis_url.replace("unix://", "redis+unix://")
    storage = storage_from_string(
        address, implementation="redispy", socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )
    if not isinstance(storage, Storage):
        raise TypeError(f"not an asynchronous storage: {redis_url}")
    return MovingWindowRateLimiter(storage)


async def guess(request: Request, what: str, key: str | None = None) -> None:
    """Count one attempt for `key`, or else for the caller's address; raises TooMany `auth.too_many_attempts`."""
    if key is None:
        key = request.client.host if request.client else "unknown"
    sentence = "Too many attempts. Wait five minutes and try again."
    await slow_down(request, LIMITS[what], what, key, TooMany("auth.too_many_attempts", sentence, what=what))


async def slow_down(request: Request, limit: RateLimitItem, what: str, key: str, refusal: TooMany) -> None:
    """Count one more of `what` for `key`; raises the refusal when that is more than the limit allows."""
    limiter: MovingWindowRateLimiter = request.app.state.limiter
    try:
        allowed = await limiter.hit(limit, what, key)
    except (RedisError, StorageError, OSError) as error:
        log.warning("limiter_unreachable", error=str(error))
        return
    if not allowed:
        raise refusal
