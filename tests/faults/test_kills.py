"""No acknowledged vote is lost and none is counted twice, whatever is killed."""

import asyncio

import pytest

from arena.cli.bench_votes_site import vote_site
from tests.faults.matrix import run


@pytest.mark.timeout(300)
def test_killing_portals_and_stores_loses_and_doubles_nothing() -> None:
    with vote_site(shards=2) as site:
        for _ in range(2):
            site.gateway()
        told = asyncio.run(run(site, seed=11, kills=6, each=3))
    assert told.kills.total() == 6
    assert told.votes > 0
