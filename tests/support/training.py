"""A test that plays the lab of a training run: steps, checkpoints, an adapter at the end. Nothing is trained."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from arena.shows.training import RecipeId, TrainingRules
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.contracts import JOB_KIND as VERIFY
from arena.submissions.contracts import VerifyContract
from arena.submissions.datasets.contracts import DatasetReport, Form, Lengths, Spread, Version
from arena.training.contracts import JOB_KIND as TRAIN
from arena.training.contracts import Point, TrainContract, TrainRecord, TrainResult
from tests.support.clock import time_passes
from tests.support.dataset_files import jsonl, rows
from tests.support.engine import make_adapter
from tests.support.lab import LabJob, verified
from tests.support.portal import Caller
from tests.support.show import Json, Show, announcement, append, contents

RULES = TrainingRules(
    runs_per_day=3,
    recipes=("sft", "dpo", "kto", "grpo", "reward"),
    profiles=("single", "ddp", "fsdp2"),
    max_processes=2,
)


def track(**changes: Any) -> Json:
    """A track on which data sets are trained."""
    return {
        "artifacts": ["adapter", "dataset"],
        "max_rank": 16,
        "training": RULES.model_dump(mode="json"),
        **changes,
    }


async def send_dataset(
    show: Show, contestant: Caller, entry_id: str, form: Form = "messages", count: int = 30
) -> str:
    """Sent and admitted; the submission's id. Nothing else may be waiting for the lab."""
    sent = await announce_dataset(contestant, entry_id, form, count)
    await admit_dataset(await show.lab.until(VERIFY), form, count)
    return sent


async def announce_dataset(
    contestant: Caller, entry_id: str, form: Form = "messages", count: int = 30
) -> str:
    data = jsonl(rows(form, count))
    body = announcement({"data.jsonl": data}) | {
        "artifact": "dataset",
        "licence": {"id": "own", "note": "我们自己写的"},
    }
    answer = await contestant.post(f"/api/entries/{entry_id}/submissions", json=body)
    assert answer.status_code == 201, answer.text
    (upload,) = answer.json()["uploads"]
    assert (await append(contestant, upload["id"], 0, data)).status_code == 204
    return str(answer.json()["id"])


async def admit_dataset(job: LabJob, form: Form, count: int) -> None:
    """As an honest lab would, taking the file for canonical as it is."""
    contract = VerifyContract.model_validate(job.contract)
    data = (await job.http.get(contract.files[0].url)).raise_for_status().content
    (canonical,) = contract.canonical
    (await job.http.put(canonical.put_url, content=data)).raise_for_status()
    digest = sha256(data).hexdigest()
    units = Spread(least=10, median=20, p95=30, most=40, total=20 * count)
    report = DatasetReport(
        source="jsonl",
        form=form,
        rows=count,
        findings=[],
        lengths=Lengths(characters=units, units=units, messages=units),
        near_threshold=0.8,
        word_lists="0" * 64,
        private_grams=1,
        canonical=Version(rows=count, bytes=len(data), sha256=digest),
    )
    await job.succeed(
        verified(digest, size_bytes=len(data), rank=None, modules=None)
        | {"report": report.model_dump(mode="json")}
    )


async def order(
    contestant: Caller, entry_id: str, dataset: str, recipe: RecipeId = "sft", **spec: Any
) -> Json:
    made: Json = await contestant.call(
        "POST", "/training/runs", wanted(entry_id, dataset, recipe=recipe, **spec), expect=201
    )
    return made


def wanted(entry_id: str, dataset: str, parent: str | None = None, **spec: Any) -> Json:
    return {"entry_id": entry_id, "dataset": dataset, "parent": parent, "spec": spec}


@dataclass
class Trainer:
    """One attempt in the hands of a lab."""

    job: LabJob
    contract: TrainContract

    @classmethod
    async def take(cls, show: Show) -> "Trainer":
        job = await show.lab.until(TRAIN)
        return cls(job, TrainContract.model_validate(job.contract))

    async def vanishes(self, show: Show) -> None:
        """Nothing is heard of it any more, and its job is due again."""
        await time_passes(show.portal.site.sessions, 61)
        await show.portal.sweep()
        await time_passes(show.portal.site.sessions, 30)

    async def hand_in(self, *messages: Json) -> Any:
        return await self.job.answers(list(messages))

    async def steps(self, first: int, last: int, pace: float = 100.0) -> Json:
        """What the portal says to it."""
        answer = await self.hand_in(*[point(step, pace) for step in range(first, last + 1)])
        assert answer.status_code == 200, answer.text
        heard: Json = answer.json()
        return heard

    async def checkpoint(self, step: int, slot: int = 0) -> bytes:
        """Written, then told of."""
        body = f"the state of {self.contract.run_id} after step {step}".encode()
        (
            await self.job.http.put(self.contract.checkpoint_puts[slot].put_url, content=body)
        ).raise_for_status()
        answer = await self.hand_in(kept(step, body, slot))
        assert answer.status_code == 200, answer.text
        return body

    async def end(self, seed: int = 7, stopped: str = "steps", steps: int = 5) -> Any:
        """The portal's answer to a finished adapter."""
        return await self.job.complete(await self.result(seed, stopped, steps))

    async def result(self, seed: int = 7, stopped: str = "steps", steps: int = 5) -> Json:
        files = contents(make_adapter(seed, rank=1))
        for file in self.contract.adapter:
            (await self.job.http.put(file.put_url, content=files[file.name])).raise_for_status()
        made = TrainResult(
            ended="done",
            stopped=stopped,
            record=record(steps),
            files={name: (sha256(files[name]).hexdigest(), len(files[name])) for name in (CONFIG, WEIGHTS)},
        )
        return made.model_dump(mode="json")


def point(step: int, pace: float = 100.0) -> Json:
    return Point(
        step=step,
        loss=3.0 / step,
        learning_rate=3e-4,
        tokens=400 * step,
        tokens_per_second=pace,
        gradient_norm=1.0,
        memory_bytes=1 << 30,
        seconds=400 * step / pace,
        extra={"margin": 0.5},
    ).model_dump(mode="json")


def kept(step: int, body: bytes, slot: int = 0) -> Json:
    return {
        "kind": "checkpoint",
        "slot": slot,
        "step": step,
        "sha256": sha256(body).hexdigest(),
        "bytes": len(body),
        "tokens": 400 * step,
        "seconds": 4.0 * step,
    }


def record(steps: int) -> TrainRecord:
    return TrainRecord(
        steps=steps,
        tokens=400 * steps,
        supervised_tokens=100,
        rows=30,
        seconds=4.0 * steps,
        first_loss=3.0,
        final_loss=0.6,
        peak_bytes=1 << 30,
        libraries={"torch": "2.13.0"},
        machine={"cpu": "two cores"},
    )
