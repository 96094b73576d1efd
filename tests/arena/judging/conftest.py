"""The tests of this folder begin where two models have answered."""

from dataclasses import dataclass

import pytest

from tests.support.judging import voting
from tests.support.show import Show


@dataclass
class Duel:
    show: Show
    id: str
    ballot: str


@pytest.fixture
async def duel(answered: Show) -> Duel:
    """An answered duel whose vote is open."""
    stage = await answered.stage()
    duel_id = stage["duel"]["id"]
    return Duel(answered, duel_id, await voting(answered, duel_id))
