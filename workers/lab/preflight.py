"""What is looked at before a benchmark begins, and in seconds: an hour later it would be the same, with an hour lost.

Each returns a Fault, or None. What may be otherwise next time raises JobFailed to be retried.
"""

import asyncio
from importlib.metadata import version

import httpx
from tokenizers import Tokenizer

from arena.benchmarks.contracts import BenchmarkContract, Fault, GymSource
from workers.lab.job import JobContext, JobFailed
from workers.lab.loading import fetch_tokenizer
from workers.pool.client import (
    AdapterUnknown,
    DuelLive,
    EngineClient,
    EngineError,
    EngineNotReady,
    EngineRefused,
)
from workers.pool.protocol import AdapterAnswer

TEXT = "The gavel falls once, and the hall is quiet."


def generator(contract: BenchmarkContract) -> Fault | None:
    here = f"reasoning-gym=={version('reasoning-gym')}"
    generated = any(isinstance(family.source, GymSource) for family in contract.suite.families)
    if not generated or here == contract.suite.generator:
        return None
    return Fault(
        code="suite.another_generator",
        message=f"The suite {contract.suite.id} is made by {contract.suite.generator}; this lab has {here}. "
        "Install that version in the lab, or take a version of the suite that this one makes.",
    )


def effect(contract: BenchmarkContract, loaded: AdapterAnswer) -> Fault | None:
    if loaded.effect or not contract.must_differ:
        return None
    return Fault(
        code="adapter.no_effect",
        message="On this engine the adapter answers every probe prompt exactly like the base model.",
    )


def tokenizer(contract: BenchmarkContract, job: JobContext) -> Fault | None:
    """Fetches it, too."""
    try:
        fetch_tokenizer(contract.engine_url, contract.engine_token, job.folder / "tokenizer")
    except JobFailed as error:
        cause = error.__cause__
        if not (isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code == 404):
            raise
        return Fault(
            code="engine.no_tokenizer",
            message="The engine gives out no tokenizer, so texts cannot be cut into its tokens here.",
        )
    return None


def echo(contract: BenchmarkContract, job: JobContext) -> Fault | None:
    """One short text in the way in which every option will be asked."""
    ids = Tokenizer.from_file(str(job.folder / "tokenizer" / "tokenizer.json")).encode(TEXT).ids

    async def ask() -> list[float | None]:
        async with EngineClient(contract.engine_url, contract.engine_token) as engine:
            return await engine.likelihoods(contract.model, ids)

    try:
        values = asyncio.run(ask())
        why = f"of {len(ids)} tokens it gave {len([value for value in values if value is not None])}"
    except (AdapterUnknown, DuelLive, EngineNotReady) as error:
        raise JobFailed(f"The engine could not be asked: {error}", retry=True) from error
    except EngineRefused as error:
        if error.status >= 500:
            raise JobFailed(f"The engine could not be asked: {error}", retry=True) from error
        values, why = [], str(error)
    except EngineError as error:
        raise JobFailed(f"The engine could not be asked: {error}", retry=True) from error
    # The first token follows nothing, so nobody can say how likely it was.
    if len(values) >= len(ids) and None not in values[1 : len(ids)]:
        return None
    return Fault(
        code="engine.no_echo",
        message="The engine does not say how likely the tokens of a given text are (`echo` with `logprobs`), which "
        f"benchmarks are made of: {why}. vLLM does; see the page on drivers for others.",
    )
