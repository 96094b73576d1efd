"""What a duel costs and withstands: the stage with fake engines on a site of its own, and real vLLM."""

import asyncio
import secrets

import uvloop

from arena.cli import bench_engine, bench_stage
from arena.cli.bench import Figure
from arena.cli.bench_site import BenchSite, free_ports, running_site, settings_of
from arena.kit.site import open_site


def figures() -> list[Figure]:
    token, ports = secrets.token_hex(16), free_ports(bench_stage.NODES + 1)
    addresses = ",".join(f"http://127.0.0.1:{port}" for port in ports)
    with (
        running_site(addresses, token) as running,
        # Nodes run on uvloop (`gavel engine`), and what they add to an answer is measured here.
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_figures(running, ports, token))


async def _figures(running: BenchSite, ports: list[int], token: str) -> list[Figure]:
    async with open_site(settings_of(running)) as site:
        # The stage's nodes are gone when the engine comes up: its duels have nowhere else to go.
        stage = await bench_stage.figures(site, ports[1:], token)
        return stage + await bench_engine.figures(site, ports[0], token)
