from collections.abc import Iterator

import pytest

from tests.support.lab_portal import LabPortal, serve_lab_portal


@pytest.fixture
def portal() -> Iterator[LabPortal]:
    with serve_lab_portal() as serving:
        yield serving
