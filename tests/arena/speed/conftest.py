from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.evening import Evenings
from tests.support.speed import Track, two_racers


@pytest.fixture
async def track(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Track]:
    async with evenings.after(two_racers, tmp_path) as show:
        yield Track.after(show)
