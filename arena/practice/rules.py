"""The limits of practice."""

from limits import RateLimitItemPerMinute

from arena.practice.models import ExchangeState

KEPT = 20
"""Exchanges of a person that are remembered."""
PER_PERSON = RateLimitItemPerMinute(20, 10)
UNDER_WAY: tuple[ExchangeState, ...] = ("queued", "answering")
