"""A run's questions as a folder for plain lm-evaluation-harness, and the command that asks them again.

The folder is made from the run's own rows, so it holds what was asked and not what would be asked today. Its task files
are JSON, which every reader of YAML reads.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arena.benchmarks import harness
from arena.benchmarks.contracts import SuiteSpec
from arena.benchmarks.models import BenchmarkSample
from arena.benchmarks.service import CONCURRENCY
from arena.shows.base_models import BaseModel
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.safetensors import identity_adapter

OUTPUT = "out"
JUDGE = f"gavel suite score . {OUTPUT}"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say: the same run gives the same bytes."""

README = """{title}
{line}

The questions of one benchmark run, as they were asked, for plain lm-evaluation-harness.
Suite {suite} version {version}, fingerprint {digest}
lm-eval {lm_eval}; engine {engine}; machine {hardware}
Licence of the questions: {licence}
Canary (please leave it in): {canary}

1. You need
   - lm-evaluation-harness ({lm_eval}): pip install "lm_eval[api]"
   - an engine with /v1/completions that gives log-probabilities of a prompt (echo), such as vLLM, serving the base
     model {base} ({source}) with the adapter under the name
     {model}
     For vLLM: --enable-lora --max-lora-rank {rank} --lora-modules {model}=PATH
{adapter}
   - the tokenizer of the base model in a folder. It must put exactly one BOS before a text.
2. In this folder:

{command}

   ENGINE and TOKENIZER are read from the environment; an engine that wants a key reads OPENAI_API_KEY.
3. Plain lm_eval counts the tasks with options itself (acc). It cannot judge written answers as this site does
   ({judged}); what it has logged is judged, and compared question by question with this site's answers, by

{judge}

   (Gavel itself, with the packages of its lab.) expected.json has this site's answers.

On the same class of machine with the same engine build every answer is exactly equal. Elsewhere log-probabilities
differ in their last digits, and now and then two nearly equal options change places.
"""


@dataclass(frozen=True)
class Measured:
    """All that a folder is made of."""

    suite: SuiteSpec
    """As it was asked, seed included."""
    base: BaseModel
    template: str
    """In which the questions were asked; `{prompt}` is its only placeholder."""
    model: str
    """The adapter's name on the engine."""
    house: bool
    samples: Sequence[BenchmarkSample]
    lm_eval: str
    engine: str
    hardware: str


def judged(measured: Measured) -> list[str]:
    """Tasks with written answers: plain lm_eval compares them letter by letter, our scorers do not."""
    asked = {sample.task for sample in measured.samples}
    return [one.name for one in measured.suite.families if one.kind == "generate" and one.name in asked]


def command(measured: Measured) -> str:
    """To be run inside the folder. Says all that changes a score: `tests` run it as it stands."""
    seed = measured.suite.sampling_seed
    client = {
        "base_url": "${ENGINE:-http://127.0.0.1:8000}/v1/completions",
        "model": measured.model,
        "tokenizer": "${TOKENIZER:-tokenizer}",
        **harness.CLIENT,
        "num_concurrent": CONCURRENCY,
        "max_length": measured.base.context,
        "seed": seed,
    }
    arguments = ",".join(f"{name}={value}" for name, value in client.items())
    return " ".join(
        (
            "lm_eval --model local-completions",
            f'--model_args "{arguments}"',
            f"--tasks {harness.group(measured.suite)} --include_path . --num_fewshot 0",
            # For Python, numpy, torch and the few-shot examples that there are none of.
            f"--seed {seed},{seed},{seed},{seed}",
            f"--log_samples --output_path {OUTPUT}",
        )
    )


def folder(measured: Measured, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Name → content. `files` are those of the suite, by sha256: the scorers want to see them again."""
    suite = measured.suite
    found: dict[str, bytes] = {"README.txt": _readme(measured).encode(), "suite.json": _json(suite)}
    tasks = []
    for family in suite.families:
        asked = [sample for sample in measured.samples if sample.task == family.name]
        if not asked:
            continue
        name, data = f"{harness.group(suite)}_{family.name}", f"items/{family.name}.jsonl"
        rows = [
            harness.row(measured.template, one.question, one.options, one.expected, one.index)
            for one in asked
        ]
        found[data] = harness.lines(rows).encode()
        found[f"{name}.yaml"] = _json(harness.task(family, suite.version, name, data))
        tasks.append(name)
    found[f"{harness.group(suite)}.yaml"] = _json({"group": harness.group(suite), "task": tasks})
    found["expected.json"] = _json([_expected(sample) for sample in measured.samples])
    found |= {f"suite/{digest}.jsonl": body for digest, body in files.items()}
    if measured.house:
        config, weights = identity_adapter(measured.base)
        found |= {f"adapter/{CONFIG}": config, f"adapter/{WEIGHTS}": weights}
    return found


def zipped(files: Mapping[str, bytes], inside: str) -> bytes:
    """The same files give the same bytes."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{inside}/{name}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return body.getvalue()


def _expected(sample: BenchmarkSample) -> dict[str, object]:
    return {
        "task": sample.task,
        "index": sample.index,
        "answer": sample.answer,
        "correct": sample.correct,
        "logprobs": sample.logprobs,
    }


def _json(value: object) -> bytes:
    plain = value.model_dump(mode="json") if isinstance(value, SuiteSpec) else value
    return (json.dumps(plain, ensure_ascii=False, indent=2) + "\n").encode()


def _readme(measured: Measured) -> str:
    suite = measured.suite
    title = f"{suite.name.get('en', suite.id)} / {suite.name.get('zh', suite.id)}"
    adapter = (
        "     The house's adapter, which changes nothing, is in adapter/."
        if measured.house
        else "     The adapter is its owner's; this folder does not have it."
    )
    return README.format(
        title=title,
        line="=" * len(title),
        suite=suite.id,
        version=suite.version,
        digest=suite.digest,
        lm_eval=measured.lm_eval,
        engine=measured.engine,
        hardware=measured.hardware,
        licence=suite.licence,
        canary=suite.canary,
        base=measured.base.id,
        source=measured.base.source,
        model=measured.model,
        rank=measured.base.max_rank,
        adapter=adapter,
        command=command(measured),
        judged=", ".join(judged(measured)) or "none here",
        judge=JUDGE,
    )
