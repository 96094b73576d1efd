import pytest

from tests.support.show import Show
from tests.support.speed import Track


@pytest.fixture
async def track(show: Show) -> Track:
    return await Track.begin(show)
