"""The tests of this folder begin where two models have answered."""

from dataclasses import dataclass

import pytest

from tests.support.show import Show


@dataclass
class Duel:
    show: Show
    id: str
    ballot: str


@pytest.fixture
async def duel(answered: Show) -> Duel:
    """An answered duel whose vote is open."""
    ballot = await answered.open_vote()
    return Duel(answered, (await answered.stage())["duel"]["id"], ballot)
