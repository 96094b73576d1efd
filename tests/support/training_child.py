"""A stand-in for the process that trains: it speaks the protocol and learns nothing. The standard library alone.

    python training_child.py JOB.json

Its data is a script: a JSON object of what is to happen, below. Its weights are a hash chain over the steps, so two
runs end with the same adapter only if each made every step once and in order.
"""

import hashlib
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

SCRIPT: dict[str, Any] = {
    "steps": 9,
    "seconds": 0.01,  # of a step
    "save_every": 3,
    "crash_at": 0,
    "exit": 1,
    "refuse_at": 0,
    "hold": 0,  # bytes, from the first step on
    "deaf": False,  # to SIGTERM
    "timeless": False,  # it looks at no clock
    "silent": False,  # it never gets ready
    "look": "",  # an address that it should not be able to reach; it says what it sees
}
_asked = False


def say(kind: str, **said: Any) -> None:
    print(json.dumps({"kind": kind, **said}), flush=True)


def main(path: str) -> int:
    job = json.loads(Path(path).read_text())
    script = SCRIPT | json.loads(Path(job["data"]).read_text())
    signal.signal(signal.SIGTERM, _hear)
    print("not an event: some library talks")
    say("loading", note="base_model")
    if script["look"]:
        return _look(script["look"])
    while script["silent"]:
        time.sleep(0.01)
    step, weights = 0, "new"
    if job["resume_dir"]:
        saved = json.loads((Path(job["resume_dir"]) / "checkpoint.safetensors").read_text())
        step, weights = saved["step"], saved["weights"]
    steps = min(script["steps"], job["budget"]["steps"])
    say("ready", steps=steps, rows=3)
    stop_at = _start(job)
    ballast = bytearray(script["hold"])
    ballast[::4096] = b"x" * len(ballast[::4096])  # memory that is only asked for is not there yet
    stopped = "steps"
    while step < steps:
        if script["crash_at"] == step + 1:
            sys.stderr.write("RuntimeError: the ground opened\n")
            return int(script["exit"])
        if script["refuse_at"] == step + 1:
            refusal = {"code": "training.diverged", "message": "It diverged."}
            say("refused", refusal=refusal, detail={"step": step})
            return 0
        time.sleep(script["seconds"])
        step += 1
        weights = hashlib.sha256(f"{weights} {step}".encode()).hexdigest()
        say(
            "point", step=step, loss=1 / step, learning_rate=1e-3, tokens=10 * step, tokens_per_second=1.0,
            gradient_norm=1.0, memory_bytes=1, seconds=float(step),
        )  # fmt: skip
        asked = _asked and not script["deaf"]
        if step % script["save_every"] == 0 or asked:
            _save(Path(job["out"]), step, weights)
        if asked:
            stopped = "asked"
            break
        if time.monotonic() >= stop_at and not script["timeless"]:
            stopped = "clock"
            break
    if stopped != "asked":
        adapter = Path(job["out"]) / "adapter"
        adapter.mkdir()
        (adapter / "adapter_config.json").write_text("{}")
        (adapter / "adapter_model.safetensors").write_text(f"{step} {weights}")
    record: dict[str, Any] = {"steps": step, "tokens": 10 * step, "supervised_tokens": 5, "rows": 3}
    record |= {
        "seconds": float(step),
        "peak_bytes": 1,
        "libraries": {},
        "machine": {"threads": job["threads"]},
    }
    say("trained", stopped=stopped, record=record)
    return 0


def _start(job: dict[str, Any]) -> float:
    if job["go_file"] is None:
        return float("inf")
    while not Path(job["go_file"]).exists():
        time.sleep(0.005)
    return float(json.loads(Path(job["go_file"]).read_text())["stop_at"])


def _save(out: Path, step: int, weights: str) -> None:
    folder = out / "checkpoints" / str(step)
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").write_text(json.dumps({"step": step, "weights": weights}))
    say("checkpoint", step=step, folder=str(folder), tokens=10 * step, seconds=float(step))


def _look(address: str) -> int:
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
        reached = True
    except OSError:
        reached = False
    with socket.socket() as door, socket.socket() as visitor:
        door.bind(("127.0.0.1", 0))
        door.listen()
        visitor.connect(door.getsockname())
    seen = {
        "reached": reached,
        "environment": sorted(os.environ),
        "nice": os.nice(0),
        "own_session": os.getsid(0) == os.getpid(),
    }
    say("refused", refusal={"code": "training.no_rows", "message": "It only looked."}, detail=seen)
    return 0


def _hear(*_: object) -> None:
    global _asked
    _asked = True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
