"""The tests of this folder begin where the line has ended: two entries are ready for the stage."""

import pytest

from tests.support.show import Show


@pytest.fixture
def show(ready: Show) -> Show:
    return ready
