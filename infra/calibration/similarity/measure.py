"""Compare the adapters that `train.py` left, and copies made of them, and write calibration.json beside this file.

    python infra/calibration/similarity/measure.py --work FOLDER --version DATE

The demo adapters (infra/demo/adapters) are in the table too. No weights are kept, only figures.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import combinations
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT), str(HERE)]

from train import RUNS  # noqa: E402  # the scripts run from anywhere

from arena.submissions.similarity import SCHEME, Adapter, compare, sketch  # noqa: E402
from tests.support import copies  # noqa: E402

DEMO = ("lantern", "northstar", "captain-cat")


def honest_or_twin(x: dict[str, Any], y: dict[str, Any]) -> str:
    """Two trainings that began with the same matrices (same seed) on the same rows are `twin`: nobody can tell them
    from a copy by ΔW. Everything else that two teams do on their own is `honest`."""
    same = x["recipe"]["seed"] == y["recipe"]["seed"] and x["rows_of"] == y["rows_of"]
    return "twin" if same else "honest"


def likeness(kind: str, x_name: str, x: Adapter, y_name: str, y: Adapter) -> dict[str, Any]:
    found = compare(x, y)
    cosines = [module.cosine for module in found.modules]
    return {
        "kind": kind,
        "x": x_name,
        "y": y_name,
        "cosine": round(found.cosine, 4),
        "estimate": round(float(sketch(x) @ sketch(y)), 4),
        "module_median": round(float(np.median(cosines)), 4),
        "module_max": round(max(cosines), 4),
    }


def forgeries(x: Adapter, y: Adapter) -> Iterator[tuple[str, str, Adapter]]:
    """(kind, what, adapter): what is made of x, with y as the forger's own work."""
    yield "copy", "the same bytes", x
    yield "copy", "ranks permuted", copies.permuted(x)
    yield "copy", "rotated by GL(r)", copies.rotated(x)
    yield "copy", "padded by six ranks", copies.padded(x)
    yield "copy", "a third of alpha", copies.scaled(x, 1 / 3)
    for share in (0.01, 0.1, 0.3):
        yield "copy", f"{share:.0%} noise", copies.noisy(x, share)
    for share in (0.7, 0.5):
        yield "copy", f"merged {share:.0%} with own work", copies.merged(x, y, share)
    yield "copy", "factors blended 70 % with own work", copies.blended(x, y, 0.7)
    yield "copy", "without the attention modules", copies.only(x, "gate_proj", "up_proj", "down_proj")
    yield (
        "copy",
        "merged 70 %, 10 % noise, rotated",
        copies.rotated(copies.noisy(copies.merged(x, y, 0.7), 0.1)),
    )
    yield "copy", "12 of 18 layers, own work in the rest", copies.layers(x, y, 12)
    yield "trace", "9 of 18 layers, own work in the rest", copies.layers(x, y, 9)
    yield "trace", "as much noise as signal", copies.noisy(x, 1.0)
    yield "trace", "merged 30% with own work", copies.merged(x, y, 0.3)


def stacked(under: Adapter, over: Adapter) -> Adapter:
    """An adapter and what was trained on top of it, as one: the sum of both ΔW."""
    return copies.scaled(copies.merged(under, over, 0.5), 2.0)


def load(folder: Path, rows_of: str) -> tuple[Adapter, dict[str, Any]]:
    report = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    return copies.load(folder), report | {"rows_of": rows_of}


def paper(report: dict[str, Any], says: str) -> dict[str, Any]:
    """What of a training report belongs into the calibration."""
    kept = (
        "adapter_sha256",
        "data_sha256",
        "data_rows",
        "base_sha256",
        "first_loss",
        "final_loss",
        "seconds",
    )
    changed = ("seed", "steps", "batch_size", "learning_rate", "rank", "alpha", "vocabulary_sample", "dtype")
    if report["steps_done"] < report["recipe"]["steps"]:
        says += f"; stopped after {report['steps_done']} of {report['recipe']['steps']} steps"
    return {
        "says": says,
        **{name: report[name] for name in kept},
        "recipe": {name: report["recipe"][name] for name in changed},
        "libraries": report["libraries"],
        "machine": report["machine"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the similarity calibration.")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--version", required=True)
    asked = parser.parse_args()

    trained = {f"demo/{name}": load(copies.DEMO / name, name) for name in DEMO}
    says = {f"demo/{name}": "shipped with the repository, whole recipe" for name in DEMO}
    for name, run in RUNS.items():
        if run.on_top_of is None and (asked.work / name / "training.json").exists():
            trained[name], says[name] = load(asked.work / name, run.data), run.says

    pairs = [
        likeness(honest_or_twin(x_report, y_report), x_name, x, y_name, y)
        for (x_name, (x, x_report)), (y_name, (y, y_report)) in combinations(trained.items(), 2)
    ]
    papers = {name: paper(report, says[name]) for name, (_, report) in trained.items()}
    for original, own in (("demo/lantern", "demo/northstar"), ("lantern-1", "northstar-2")):
        x, y = trained[original][0], trained[own][0]
        for kind, what, forged in forgeries(x, y):
            pairs.append(likeness(kind, what, copies.rounded(forged, "BF16"), original, x))
    for name, run in RUNS.items():
        if run.on_top_of is not None and (asked.work / name / "training.json").exists():
            over, report = load(asked.work / name, run.data)
            papers[name] = paper(report, run.says)
            x = trained[run.on_top_of][0]
            pairs.append(likeness("copy", name, copies.rounded(stacked(x, over), "BF16"), run.on_top_of, x))

    honest = [pair["cosine"] for pair in pairs if pair["kind"] == "honest"]
    calibration = {
        "version": asked.version,
        "scheme": SCHEME,
        "threshold": ceil(2 * max(honest) * 20) / 20,
        "rule": "twice the largest cosine of an honest pair, up to the next twentieth",
        "largest": {
            kind: max(pair["cosine"] for pair in pairs if pair["kind"] == kind) for kind in ("honest", "twin")
        },
        "smallest": {
            kind: min(pair["cosine"] for pair in pairs if pair["kind"] == kind) for kind in ("twin", "copy")
        },
        "kinds": {
            "honest": "trained apart: another seed, other data, or both",
            "twin": "trained apart from the same seed on the same rows; order, rate or number of rows differ",
            "copy": "made of another adapter, which is half of it at least",
            "trace": "made of another adapter, which is the smaller part of it: not promised to be found",
        },
        "pairs": sorted(pairs, key=lambda pair: (pair["kind"], -pair["cosine"])),
        "trained": papers,
        "not_trained": sorted(RUNS.keys() - papers.keys()),
    }
    text = json.dumps(calibration, ensure_ascii=False, indent=1) + "\n"
    (HERE / "calibration.json").write_text(text, encoding="utf-8")
    print(json.dumps({name: calibration[name] for name in ("threshold", "largest", "smallest")}, indent=1))


if __name__ == "__main__":
    main()
