"""The node's key, and the state of the machine at this moment.

The key is made once, on the node, and never leaves it. The site pins the first one it sees.
"""

import os
import platform
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from arena.nodes.attestation import Gpu, Machine
from workers.pool.protocol import Hardware

KEY_FILE = "node.key"


class KeyUnreadable(ValueError):
    """The file is there and is no Ed25519 key; the message says what to do."""


def node_key(data_dir: Path) -> Ed25519PrivateKey:
    """The key in `data_dir`; made on the first call. Raises KeyUnreadable: a new key would be another node."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / KEY_FILE
    if not path.exists():
        _make_key(path)
    if stat.S_IMODE(path.stat().st_mode) != 0o600:
        path.chmod(0o600)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise KeyUnreadable(_unreadable(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnreadable(_unreadable(path))
    return key


def _unreadable(path: Path) -> str:
    return (
        f"{path} is not an Ed25519 key any more. Restore it from a copy; or remove it, and let a producer accept the "
        "new key of this node"
    )


def _make_key(path: Path) -> None:
    """Private from its first byte on, and whole or not there: two nodes may start in one folder."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        key = Ed25519PrivateKey.generate()
        out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        out.flush()
        os.fsync(out.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def machine(hardware: Hardware, here: bool = True) -> Machine:
    """What was found at the start, and what the clocks say now. `here`: the engine runs on this machine; of another one
    this node cannot state anything."""
    clock, most = _clock() if here else (None, None)
    gpus, driver, source = _gpus() if here else ((), None, "the engine runs on another machine")
    return Machine(
        hardware_class=hardware.hardware_class,
        cpu=hardware.cpu,
        cores=hardware.cores,
        memory_bytes=hardware.memory_bytes,
        accelerator=hardware.accelerator,
        clock_mhz=clock,
        max_clock_mhz=most,
        system=f"{platform.system()} {platform.release()} {platform.machine()}" if here else "unknown",
        gpus=gpus,
        driver=driver,
        gpu_source=source,
    )


def _clock() -> tuple[int | None, int | None]:
    """(now, at most) in MHz. Virtual machines and containers may not know, and then say nothing, or 0."""
    try:
        said: Any = psutil.cpu_freq()
    except (NotImplementedError, OSError):
        return None, None
    return (round(said.current) or None, round(said.max) or None) if said else (None, None)


# Not yet run on a GPU by us.
def _gpus() -> tuple[tuple[Gpu, ...], str | None, str]:
    """(the devices, the driver's version, where that comes from). Needs nvidia-ml-py, which a node without a GPU has
    no use for."""
    try:
        import pynvml
    except ImportError:
        return (), None, "nvidia-ml-py is not installed"
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return (), None, f"NVML does not answer: {error}"
    try:
        devices = [pynvml.nvmlDeviceGetHandleByIndex(at) for at in range(pynvml.nvmlDeviceGetCount())]
        return tuple(_gpu(pynvml, device) for device in devices), pynvml.nvmlSystemGetDriverVersion(), "nvml"
    except pynvml.NVMLError as error:
        return (), None, f"NVML does not answer: {error}"
    finally:
        pynvml.nvmlShutdown()


def _gpu(nvml: Any, device: Any) -> Gpu:
    def ask(call: Any, *arguments: Any) -> int | None:
        try:
            return int(call(device, *arguments))
        except nvml.NVMLError:
            return None

    power = ask(nvml.nvmlDeviceGetPowerUsage)
    return Gpu(
        name=nvml.nvmlDeviceGetName(device),
        memory_bytes=int(nvml.nvmlDeviceGetMemoryInfo(device).total),
        clock_mhz=ask(nvml.nvmlDeviceGetClockInfo, nvml.NVML_CLOCK_SM),
        max_clock_mhz=ask(nvml.nvmlDeviceGetMaxClockInfo, nvml.NVML_CLOCK_SM),
        memory_clock_mhz=ask(nvml.nvmlDeviceGetClockInfo, nvml.NVML_CLOCK_MEM),
        temperature_c=ask(nvml.nvmlDeviceGetTemperature, nvml.NVML_TEMPERATURE_GPU),
        power_watts=None if power is None else round(power / 1000),
        throttled=ask(nvml.nvmlDeviceGetCurrentClocksEventReasons),
    )
