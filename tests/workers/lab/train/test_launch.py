"""The words and files that start a run, read by the programs that they are for."""

import json
import sys
from pathlib import Path

import pytest
from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils import DistributedType
from accelerate.utils.deepspeed import HfDeepSpeedConfig
from torch.distributed.run import get_args_parser

from arena.shows.training import Profile, TrainingSpec
from workers.lab.train import launch


def spec(profile: str, processes: int) -> TrainingSpec:
    return TrainingSpec.model_validate({"profile": profile, "processes": processes, "batch_size": 8})


def started(tmp_path: Path, profile: Profile, processes: int) -> tuple[list[str], Path]:
    """What follows `python -I -m`, once the files are written, and the job file."""
    job = tmp_path / "out.json"
    how = launch.command(job, profile, processes)
    for path, text in how.files.items():
        path.write_text(text)
    assert how.argv[:3] == [sys.executable, "-I", "-m"]
    return how.argv[3:], job


def test_one_process_is_started_as_it_is(tmp_path: Path) -> None:
    words, job = started(tmp_path, "single", 1)
    assert words == [launch.CHILD, str(job)]


def test_torchrun_reads_what_it_is_told(tmp_path: Path) -> None:
    words, job = started(tmp_path, "ddp", 2)
    assert words[0] == "torch.distributed.run"
    read = get_args_parser().parse_args(words[1:])
    assert (read.nproc_per_node, read.max_restarts, read.no_python) == ("2", 0, True)
    assert read.rdzv_endpoint.startswith("127.0.0.1:")
    assert read.training_script_args[-3:] == ["-m", launch.CHILD, str(job)]


@pytest.mark.parametrize("processes", [1, 4])
def test_accelerate_reads_its_settings_for_fsdp2(tmp_path: Path, processes: int) -> None:
    words, job = started(tmp_path, "fsdp2", processes)
    assert words[0] == "accelerate.commands.launch"
    read = launch_command_parser().parse_args(words[1:])
    assert read.training_script_args[-3:] == ["-m", launch.CHILD, str(job)]
    settings = load_config_from_file(read.config_file)
    assert isinstance(settings, ClusterConfig)
    assert (settings.distributed_type, settings.num_processes) == (DistributedType.FSDP, processes)
    assert settings.fsdp_config["fsdp_version"] == 2
    read, _, _ = _validate_launch_command(read)
    assert (read.use_fsdp, read.fsdp_version) == (True, 2)
    assert read.fsdp_state_dict_type == "FULL_STATE_DICT"


@pytest.mark.parametrize(("profile", "stage"), [("zero2", 2), ("zero3", 3)])
def test_accelerate_hands_the_settings_of_deepspeed_on(tmp_path: Path, profile: Profile, stage: int) -> None:
    words, _ = started(tmp_path, profile, 2)
    settings = load_config_from_file(launch_command_parser().parse_args(words[1:]).config_file)
    assert isinstance(settings, ClusterConfig)
    assert settings.distributed_type == DistributedType.DEEPSPEED
    named = settings.deepspeed_config["deepspeed_config_file"]
    read = HfDeepSpeedConfig(named)
    assert (read.is_zero2(), read.is_zero3(), read.is_offload()) == (stage == 2, stage == 3, False)
    assert json.loads(Path(named).read_text())["train_batch_size"] == "auto"


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert launch.missing(spec("single", 1)) is None
    assert launch.missing(spec("ddp", 4)) is None
    for profile in ("fsdp2", "zero2", "zero3"):
        assert "needs as many GPUs; here are 0" in (launch.missing(spec(profile, 1)) or "")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert launch.missing(spec("ddp", 2)) is None
    assert launch.missing(spec("fsdp2", 2)) is None
    assert "here are 2" in (launch.missing(spec("ddp", 4)) or "")
    monkeypatch.setattr(launch, "find_spec", lambda _: None)
    assert "needs DeepSpeed" in (launch.missing(spec("zero3", 2)) or "")
