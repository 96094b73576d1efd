"""A stranger's command: plain lm-evaluation-harness over the folder of a run answers exactly as the run did."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from arena.benchmarks import contracts, reproduce
from arena.benchmarks.contracts import BenchmarkResult, FamilySpec, SuiteSpec
from arena.benchmarks.models import BenchmarkSample
from arena.benchmarks.reproduce import Measured
from arena.benchmarks.suites import load
from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.safetensors import adapter_digest, engine_name, identity_adapter
from tests.support.engine import Adapter, Files, Node, make_adapter, served
from tests.support.lab_portal import LabPortal
from workers.lab import rejudge
from workers.lab.loading import fetch_tokenizer
from workers.lab.rejudge import NotThere
from workers.lab.runner import run_job
from workers.pool import fake
from workers.pool.serve import fake_agent

pytestmark = pytest.mark.timeout(600)

ITEMS = 3


def _few(family: FamilySpec) -> FamilySpec:
    return family.model_copy(update={"items": ITEMS, "air": ITEMS})


def suite() -> SuiteSpec:
    """Of each kind of task one, and few questions: the harness takes its time to start."""
    families = load("reasoning").families
    chosen = [next(one for one in families if one.kind == kind) for kind in ("choice", "generate")]
    return load("reasoning").model_copy(update={"families": list(map(_few, chosen))})


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    data_dir = tmp_path_factory.mktemp("node")
    with served(fake_agent(data_dir, pace=fake.Pace(first_token=0.0, token=0.0)), data_dir) as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    serving = Files(tmp_path_factory.mktemp("files"))
    yield serving
    serving.close()


def run(portal: LabPortal, node: Node, files: Files, adapter: Adapter) -> BenchmarkResult:
    name = engine_name(adapter.digest)
    asked = suite()
    portal.kind = contracts.JOB_KIND
    portal.contract = {
        "run_id": "r", "suite": asked.model_dump(mode="json"), "items": asked.indices("full"),
        "engine_url": node.url, "engine_token": node.token,
        "adapter": files.publish(adapter) | {"name": name}, "model": name, "base_model": HOUSE_MODEL.id,
        "template": HOUSE_MODEL.template, "seed": asked.seed, "concurrency": 4,
    }  # fmt: skip
    portal.claimable = True
    portal.calls.clear()
    assert run_job(portal.job_url) == "done", portal.bodies("fail")
    return BenchmarkResult.model_validate(portal.bodies("complete")[0]["result"])


def recorded(result: BenchmarkResult) -> list[BenchmarkSample]:
    run_id = uuid4()
    return [BenchmarkSample(run_id=run_id, **sample.model_dump()) for sample in result.samples]


def measured(result: BenchmarkResult, adapter: Adapter, house: bool = False) -> Measured:
    return Measured(
        suite=suite(),
        base=HOUSE_MODEL,
        template=HOUSE_MODEL.template,
        model=engine_name(adapter.digest),
        house=house,
        samples=recorded(result),
        lm_eval=result.lm_eval_version,
        engine="fake 1",
        hardware="fake",
    )


def unpacked(body: bytes, into: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        archive.extractall(into)
    (inside,) = into.iterdir()
    return inside


def type_it_in(command: str, folder: Path, node: Node) -> subprocess.CompletedProcess[str]:
    """As a stranger would, with the two variables of README.txt set."""
    python = shutil.which("python", path=str(Path(sys.executable).parent)) or sys.executable
    typed = command.replace("lm_eval ", f"{python} -m lm_eval ", 1)
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE"), "1")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "ENGINE": node.url,
        "TOKENIZER": str(folder.parent / "tokenizer"),
        "OPENAI_API_KEY": node.token,
        **offline,
    }
    return subprocess.run(
        ["bash", "-c", typed], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_command_answers_exactly_as_the_run_did(
    portal: LabPortal, node: Node, files: Files, tmp_path: Path
) -> None:
    adapter = make_adapter(1)
    result = run(portal, node, files, adapter)
    about = measured(result, adapter)
    folder = unpacked(reproduce.zipped(reproduce.folder(about, {}), "gavel"), tmp_path / "zip")
    fetch_tokenizer(node.url, node.token, folder.parent / "tokenizer")

    ended = type_it_in(reproduce.command(about), folder, node)
    assert ended.returncode == 0, ended.stderr[-3000:]

    judged = rejudge.judge(folder, folder / reproduce.OUTPUT)
    assert [one.task for one in judged] == [task.task for task in result.tasks]
    for one, task in zip(judged, result.tasks, strict=True):
        assert (one.n, one.differing, one.gap) == (ITEMS, [], 0.0), "per sample, to the last bit"
        assert one.correct == one.recorded == round(task.accuracy * task.n)
        assert one.score == pytest.approx(task.score)
    # What the harness itself has counted for the task with options is our accuracy.
    (summary,) = (folder / reproduce.OUTPUT).rglob("results_*.json")
    counted = json.loads(summary.read_text())["results"]
    choice = result.tasks[0]
    assert counted[f"gavel_reasoning_v{about.suite.version}_{choice.task}"]["acc,none"] == choice.accuracy

    # Another adapter's answers are not taken for these.
    changed = json.loads((folder / "expected.json").read_text())
    changed[0]["answer"] = "something else"
    (folder / "expected.json").write_text(json.dumps(changed))
    assert rejudge.judge(folder, folder / reproduce.OUTPUT)[0].differing == [changed[0]["index"]]

    with pytest.raises(NotThere, match="no log of the task"):
        rejudge.judge(folder, tmp_path / "elsewhere")
    log = max((folder / reproduce.OUTPUT).rglob(f"samples_*_{choice.task}_2*.jsonl"))
    log.write_text("\n".join(log.read_text().splitlines()[1:]))
    with pytest.raises(NotThere, match="no answer to 1 questions"):
        rejudge.judge(folder, folder / reproduce.OUTPUT)
    (folder / "suite.json").unlink()
    with pytest.raises(NotThere, match="Name the folder"):
        rejudge.judge(folder, folder / reproduce.OUTPUT)


def sample(task: str, index: int, options: list[str]) -> BenchmarkSample:
    return BenchmarkSample(
        run_id=uuid4(), task=task, index=index, question="Which {prompt}?", expected="b", answer="a",
        correct=False, options=options, logprobs=[-1.0] * len(options),
    )  # fmt: skip


def test_the_folder_is_the_same_bytes_each_time_and_holds_what_was_asked() -> None:
    choice, written = (family.name for family in suite().families)
    about = Measured(
        suite=suite(), base=HOUSE_MODEL, template=HOUSE_MODEL.template, model="a-1", house=True,
        samples=[sample(choice, 2, ["a", "b"]), sample(written, 0, [])], lm_eval="0.4.13", engine="e", hardware="h",
    )  # fmt: skip
    folder = reproduce.folder(about, {"ab": b"{}\n"})
    assert reproduce.zipped(folder, "x") == reproduce.zipped(dict(reversed(folder.items())), "x")
    (row,) = map(json.loads, folder[f"items/{choice}.jsonl"].decode().splitlines())
    # Braces of a question stay what they are.
    prompt = HOUSE_MODEL.template.replace("{prompt}", "Which {prompt}?")
    assert row == {"prompt": prompt, "options": ["a", "b"], "gold": 1, "index": 2}
    assert SuiteSpec.model_validate_json(folder["suite.json"]) == about.suite
    assert folder["suite/ab.jsonl"] == b"{}\n"
    assert reproduce.judged(about) == [written]
    readme = folder["README.txt"].decode()
    assert reproduce.command(about) in readme
    assert about.suite.canary in readme
    # The house's adapter changes nothing and is nobody's secret.
    config, weights = folder["adapter/adapter_config.json"], folder["adapter/adapter_model.safetensors"]
    assert adapter_digest(config, weights) == adapter_digest(*identity_adapter(HOUSE_MODEL))
