"""How a run is laid over processes and devices: the words that start it, and the files that those words name.

Every profile starts the same program, `workers.lab.train.child`, with the same job file. One process is started as it
is; `ddp` by torchrun; `fsdp2`, `zero2` and `zero3` by accelerate, which reads its settings from a file and hands those
of DeepSpeed on. Nothing here loads torch.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from arena.kit.launch import launcher
from arena.shows.training import Profile, TrainingSpec

CHILD = "workers.lab.train.child"
_PYTHON = (sys.executable, "-I", "-m")
LOOPBACK = "127.0.0.1"
DEEPSPEED_STAGE: Mapping[str, int] = {"zero2": 2, "zero3": 3}


@dataclass(frozen=True)
class Launch:
    argv: list[str]
    files: Mapping[Path, str] = field(default_factory=dict)
    """To be written before it is started."""


def gpus() -> int:
    """How many CUDA devices a child would see, without asking CUDA."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([one for one in visible.split(",") if one.strip() not in ("", "-1")])
    return len([one for one in Path("/dev").glob("nvidia*") if one.name.removeprefix("nvidia").isdecimal()])


def missing(spec: TrainingSpec) -> str | None:
    """What this machine lacks for the profile, in a sentence."""
    found = gpus()
    if spec.profile == "single" or (spec.profile == "ddp" and found == 0):
        return None  # on processors, two processes are two processes: gloo connects them
    if found < spec.processes:
        return f"The profile {spec.profile} with {spec.processes} processes needs as many GPUs; here are {found}."
    if spec.profile in DEEPSPEED_STAGE and find_spec("deepspeed") is None:
        return f"The profile {spec.profile} needs DeepSpeed, which is not installed here."
    return None


def command(job: Path, profile: Profile, processes: int) -> Launch:
    """How to start the run of this job file; what `profile` needs lies beside it."""
    alone = [*_PYTHON, CHILD, str(job)]
    # What starts several processes gives each a session of its own, which nobody else could end.
    one_of_many = [*launcher(signal.SIGKILL, by_me=False), *alone]
    if profile == "single":
        return Launch(alone)
    if profile == "ddp":
        return Launch(
            [
                *_PYTHON, "torch.distributed.run", "--nnodes=1", f"--nproc-per-node={processes}", "--max-restarts=0",
                "--rdzv-backend=c10d", f"--rdzv-endpoint={LOOPBACK}:0", f"--local-addr={LOOPBACK}", "--no-python",
                *one_of_many,
            ]
        )  # fmt: skip
    settings = job.with_name("accelerate.json")
    files = {settings: accelerate_settings(profile, processes, job.with_name("deepspeed.json"))}
    if profile in DEEPSPEED_STAGE:
        files[job.with_name("deepspeed.json")] = deepspeed_settings(DEEPSPEED_STAGE[profile])
    start = [*_PYTHON, "accelerate.commands.launch", f"--config_file={settings}", "--no_python"]
    return Launch([*start, *one_of_many], {path: json.dumps(said, indent=1) for path, said in files.items()})


def accelerate_settings(profile: Profile, processes: int, deepspeed: Path) -> dict[str, Any]:
    """As `accelerate config` would write them."""
    common = {
        "compute_environment": "LOCAL_MACHINE",
        "num_machines": 1,
        "num_processes": processes,
        "machine_rank": 0,
        "main_process_ip": LOOPBACK,
        "main_process_port": 0,
        # Base weights come in the run's own precision; what is trained stays in float32.
        "mixed_precision": "no",
        "use_cpu": False,
        "debug": False,
    }
    if profile in DEEPSPEED_STAGE:
        named = {
            "deepspeed_config_file": str(deepspeed),
            "zero3_init_flag": profile == "zero3",
            "deepspeed_multinode_launcher": "standard",
        }
        return common | {"distributed_type": "DEEPSPEED", "deepspeed_config": named}
    sharded = {
        "fsdp_version": 2,
        "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "fsdp_reshard_after_forward": True,
        "fsdp_state_dict_type": "FULL_STATE_DICT",
        "fsdp_offload_params": False,
        "fsdp_cpu_ram_efficient_loading": False,
        "fsdp_activation_checkpointing": False,
    }
    return common | {"distributed_type": "FSDP", "fsdp_config": sharded}


def deepspeed_settings(stage: int) -> dict[str, Any]:
    """`auto` is what the trainer knows better: it fills in the numbers of the run."""
    zero: dict[str, Any] = {
        "stage": stage,
        "overlap_comm": True,
        "contiguous_gradients": True,
        "reduce_bucket_size": "auto",
    }
    if stage == 3:
        zero |= {
            "stage3_prefetch_bucket_size": "auto",
            "stage3_param_persistence_threshold": "auto",
            "stage3_gather_16bit_weights_on_model_save": True,
        }
    return {
        "train_batch_size": "auto",
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "gradient_clipping": "auto",
        "zero_optimization": zero,
    }
