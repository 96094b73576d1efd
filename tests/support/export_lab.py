"""Exports as the portal of `lab_portal` offers them to a lab: a base on its disk, an adapter and questions by link."""

from hashlib import sha256
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model

from arena.benchmarks import suites
from arena.exports.contracts import (
    ALWAYS,
    BESIDE,
    JOB_KIND,
    Asked,
    Data,
    ExportContract,
    ExportResult,
    Scheme,
)
from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.contracts import AdapterRef, FileOut
from tests.support.lab_portal import LabPortal
from tests.support.tiny_training import tiny_model

MOST = 2 << 30
QUESTIONS = {"format": ("one_line", 3), "english": ("synonyms", 4)}
"""Of two suites one task each: answers that are written, and answers that are chosen."""


def save_adapter(folder: Path) -> Path:
    """One that changes much: after it the tiny base likes other words."""
    torch.manual_seed(7)
    config = LoraConfig(r=4, lora_alpha=16, target_modules=["q_proj", "v_proj", "down_proj"])
    adapted = get_peft_model(tiny_model(), config)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    adapted.save_pretrained(folder)
    return folder


def asked(portal: LabPortal) -> list[Asked]:
    found = []
    for name, (task, count) in QUESTIONS.items():
        suite = suites.load(name)
        for digest in suite.files:
            portal.files[f"/suites/{digest}"] = suites.shipped_files()[digest].read_bytes()
        links = {digest: f"{portal.url}/suites/{digest}" for digest in suite.files}
        found.append(Asked(suite=suite, items={task: list(range(count))}, files=links))
    return found


def offer(
    portal: LabPortal, scheme: Scheme, base_digest: str, adapter: Path, data: Data | None = None
) -> ExportContract:
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        portal.files[f"/adapter/{name}"] = (adapter / name).read_bytes()
    weights = portal.files["/adapter/adapter_model.safetensors"]
    contract = ExportContract(
        export_id="e",
        scheme=scheme,
        base_model=HOUSE_MODEL.id,
        base_digest=base_digest,
        engine_url="http://127.0.0.1:9",
        engine_token="token",
        adapter=AdapterRef(
            digest=sha256(weights).hexdigest(),
            name="a-1",
            config_url=f"{portal.url}/adapter/adapter_config.json",
            weights_url=f"{portal.url}/adapter/adapter_model.safetensors",
        ),
        data=data,
        asked=asked(portal),
        files=[
            FileOut(name=name, put_url=f"{portal.url}/out/{name}", max_bytes=MOST)
            for name in (*ALWAYS, *BESIDE)
        ],
    )
    portal.kind, portal.contract = JOB_KIND, contract.model_dump(mode="json")
    return contract


def result(portal: LabPortal) -> ExportResult:
    (body,) = portal.bodies("complete")
    return ExportResult.model_validate(body["result"])
