"""What benchmarks cost and withstand here, on real vLLM: against plain lm-evaluation-harness on the same engine, eight
entries at once against one after another, and a runner that is killed in the middle.
"""

import asyncio
import os
import secrets
import shlex
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psutil
from sqlalchemy import select

from arena.benchmarks import library, reproduce, scores
from arena.benchmarks.models import UNDER_WAY, BenchmarkRun, BenchmarkSample
from arena.benchmarks.reproduce import Measured
from arena.benchmarks.service import CONCURRENCY
from arena.cli.bench import Figure, figure
from arena.cli.bench_site import BenchSite, free_ports, running_site, settings_of
from arena.cli.bench_stage import Stage, house_ready, keep_adapter, serving
from arena.kit.db import transaction
from arena.kit.site import open_site
from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.models import Entry
from workers.lab.lanes import BENCH_LANES
from workers.lab.loading import fetch_tokenizer, offline
from workers.lab.rejudge import judge
from workers.pool.agent import NodeAgent
from workers.pool.environment import find
from workers.pool.protocol import CompletionRequest, EngineReply
from workers.pool.serve import vllm_agent

SUITE = "english"
ENTRIES = 8
RANK = 8
RUN_SECONDS = 3600.0
LOOK_SECONDS = 0.1
CHILD = "workers.lab.benchmark_child"

Answers = dict[tuple[UUID, str, int], tuple[str, list[float]]]
"""Entry, task and index -> what was answered, and each option's log-probability."""


def figures() -> list[Figure]:
    """Raises RuntimeError when there is no engine environment."""
    environment = find(Path(".venv-engine"))
    if environment is None:
        raise RuntimeError("there is no engine environment to measure; `make setup` builds .venv-engine")
    model_dir = Path(os.environ.get("GAVEL_MODEL_DIR", f".gavel/models/{HOUSE_MODEL.id}"))
    os.environ[BENCH_LANES] = str(ENTRIES)
    token, (port,) = secrets.token_hex(16), free_ports(1)
    with (
        tempfile.TemporaryDirectory(prefix="gavel-bench-") as folder,
        running_site(f"http://127.0.0.1:{port}", token) as running,
    ):
        agent = vllm_agent(Path(folder) / "node", environment, model_dir=model_dir)
        return asyncio.run(_figures(running, Path(folder), agent, port, token))


async def _figures(running: BenchSite, folder: Path, agent: NodeAgent, port: int, token: str) -> list[Figure]:
    async with open_site(settings_of(running)) as site, serving(agent, port, token) as url:
        await house_ready(site)
        digests = [await keep_adapter(site, folder, 2000 + number, RANK) for number in range(ENTRIES)]
        bench = Bench(await Stage.build(site, folder, digests), Asked(agent))
        # The first run pays for what every later one finds: the adapters on the node, the engine's compiled shapes.
        await bench.run(bench.stage.entries)
        apart, apart_seconds = Answers(), 0.0
        for entry in bench.stage.entries:
            answers, seconds = await bench.run([entry])
            apart |= answers
            apart_seconds += seconds
        together, together_seconds = await bench.run(bench.stage.entries)
        first = bench.stage.entries[0]
        plain = await bench.plain(first, folder, url, token)
        repeated, differing = await bench.killed(first, apart)
        per_entry = len(apart) / ENTRIES
        name = f"{SUITE}: questions a second of a run ÷ plain lm_eval on the same engine"
        speed = per_entry / (apart_seconds / ENTRIES), per_entry / plain.seconds
        at_once = len(apart) / together_seconds, len(apart) / apart_seconds
        flipped = sum(together[key][0] != apart[key][0] for key in apart)
        moved = max(_gap(together[key][1], apart[key][1]) for key in apart)
        return [
            figure(name, speed[0], "1/s", speed[1], 0.95, least=True),
            figure(f"{ENTRIES} entries at once ÷ one after another", at_once[0], "1/s", at_once[1], 2, least=True),
            figure("answers that flipped at once (baseline: answers)", flipped, "", len(apart), 0, of="value"),
            figure("largest change of a log-probability at once (baseline: aim)", moved, "", 0.1, 0.1, of="value"),
            figure("requests repeated after kill -9 at half time", repeated, "", CONCURRENCY, CONCURRENCY, of="value"),
            figure("answers that differ after it (baseline: answers)", differing, "", per_entry, 0, of="value"),
            figure("answers plain lm_eval gives otherwise", plain.differing, "", per_entry, 0, of="value"),
        ]  # fmt: skip


def _gap(one: Sequence[float], other: Sequence[float]) -> float:
    return max((abs(a - b) for a, b in zip(one, other, strict=True)), default=0.0)


@dataclass(frozen=True)
class Plain:
    seconds: float
    differing: int


class Asked:
    """What a node's engine was asked, by adapter and prompt."""

    def __init__(self, agent: NodeAgent) -> None:
        self.prompts: Counter[tuple[str, str]] = Counter()
        ask = agent.engine.complete

        async def complete(request: CompletionRequest) -> EngineReply:
            self.prompts[request.model, str(request.prompt)] += 1
            return await ask(request)

        agent.engine.complete = complete  # type: ignore[method-assign]


class Bench:
    """A season on a site with one real node, whose entries can be measured."""

    def __init__(self, stage: Stage, asked: Asked) -> None:
        self.stage, self.site, self.asked = stage, stage.site, asked
        self.questions: set[tuple[str, str]] = set()
        """What plain lm_eval asks. A run also asks what shows that the engine can be asked, once an attempt."""

    async def order(self, entries: Sequence[UUID]) -> list[UUID]:
        async with transaction(self.site.sessions, self.site.bus) as session:
            owner = (await session.get_one(Entry, entries[0])).owner_id
            assert owner
            runs = await scores.order(
                session, self.stage.season_id, entries, SUITE, "air", len(entries), owner
            )
            return [run.id for run in runs]

    async def run(self, entries: Sequence[UUID]) -> tuple[Answers, float]:
        """What they answer when they are measured at the same time, and how long that took, from order to scores."""
        began = time.perf_counter()
        ordered = await self.order(entries)
        for run_id in ordered:
            await self.ended(run_id)
        seconds = time.perf_counter() - began
        answers = Answers()
        for entry, run_id in zip(entries, ordered, strict=True):
            answers |= {
                (entry, one.task, one.index): (one.answer, one.logprobs) for one in await self.samples(run_id)
            }
        return answers, seconds

    async def until(self, run_id: UUID, true: Callable[[BenchmarkRun], bool]) -> BenchmarkRun:
        async with asyncio.timeout(RUN_SECONDS):
            while True:
                async with self.site.sessions() as session:
                    run = await session.get_one(BenchmarkRun, run_id)
                if true(run):
                    return run
                await asyncio.sleep(LOOK_SECONDS)

    async def ended(self, run_id: UUID) -> BenchmarkRun:
        run = await self.until(run_id, lambda run: run.state not in UNDER_WAY)
        if run.state != "done":
            raise RuntimeError(f"the run to measure is {run.state}: {run.reason}")
        return run

    async def samples(self, run_id: UUID) -> Sequence[BenchmarkSample]:
        async with self.site.sessions() as session:
            mine = select(BenchmarkSample).where(BenchmarkSample.run_id == run_id)
            return (await session.scalars(mine)).all()

    async def plain(self, entry: UUID, folder: Path, url: str, token: str) -> Plain:
        """The command that the site gives out for a run, as a stranger types it in."""
        (run_id,) = await self.order([entry])
        run = await self.ended(run_id)
        async with self.site.sessions() as session:
            suite = await library.of_season(session, self.stage.season_id, SUITE)
            files = {digest: await library.read_file(self.site, digest) for digest in suite.files}
        about = Measured(
            suite=suite,
            base=HOUSE_MODEL,
            template=HOUSE_MODEL.template,
            model=self.stage.names[entry],
            house=False,
            samples=await self.samples(run_id),
            lm_eval=run.lm_eval_version or "",
            engine=run.node["engine_build"],
            hardware=run.node["hardware_class"],
        )
        place = folder / "plain"
        for name, body in reproduce.folder(about, files).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(body)
        await asyncio.to_thread(fetch_tokenizer, url, token, folder / "plain-tokenizer")
        typed = f"{shlex.quote(sys.executable)} -m {reproduce.command(about)}"
        told = {"ENGINE": url, "TOKENIZER": str(folder / "plain-tokenizer"), "OPENAI_API_KEY": token}
        self.asked.prompts.clear()
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", typed, cwd=place, env=offline(folder) | told, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
        seconds = time.perf_counter() - began
        if process.returncode:
            raise RuntimeError(f"plain lm_eval ended with {process.returncode}: {errors.decode()[-2000:]}")
        self.questions = set(self.asked.prompts)
        judged = await asyncio.to_thread(judge, place, place / reproduce.OUTPUT)
        return Plain(seconds, sum(len(one.differing) for one in judged))

    async def killed(self, entry: UUID, before: Answers) -> tuple[int, int]:
        """Questions that were asked once more because of the kill, and answers that differ from those without."""
        self.asked.prompts.clear()
        (run_id,) = await self.order([entry])
        await self.until(run_id, lambda run: run.answered * 2 >= run.total > 0)
        children = [one for one in psutil.Process().children(recursive=True) if CHILD in one.cmdline()]
        if not children:
            raise RuntimeError("the run was over before its runner could be killed")
        for child in children:
            child.send_signal(signal.SIGKILL)
        await self.ended(run_id)
        repeated = sum(max(0, self.asked.prompts[question] - 1) for question in self.questions)
        differing = sum(
            before[entry, one.task, one.index] != (one.answer, one.logprobs)
            for one in await self.samples(run_id)
        )
        return repeated, differing
