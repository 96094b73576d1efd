"""Children must not outlive their parents, whatever ends the parent."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from workers.pool.process import ChildProcess, describe_exit

FAMILY = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); print('here', flush=True); time.sleep(60)"


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def gone(pids: list[int], seconds: float = 5.0) -> bool:
    for _ in range(int(seconds / 0.05)):
        if not any(alive(pid) for pid in pids):
            return True
        await asyncio.sleep(0.05)
    return False


async def started(tmp_path: Path, code: str) -> ChildProcess:
    child = ChildProcess([sys.executable, "-c", code], dict(os.environ), tmp_path / "log", "test")
    heard = asyncio.Event()
    await child.start(lambda line: heard.set())
    await asyncio.wait_for(heard.wait(), 10)
    return child


async def test_stop_ends_the_whole_group_and_can_be_repeated(tmp_path: Path) -> None:
    child = await started(tmp_path, FAMILY)
    assert child.pid
    family = [child.pid, *(item.pid for item in psutil.Process(child.pid).children())]
    assert len(family) == 2
    await child.stop()
    assert await gone(family)
    await child.stop()


async def test_grandchildren_go_when_the_child_dies(tmp_path: Path) -> None:
    child = await started(tmp_path, FAMILY)
    assert child.pid
    family = [item.pid for item in psutil.Process(child.pid).children()]
    os.kill(child.pid, signal.SIGKILL)
    assert await child.wait() == -signal.SIGKILL
    assert await gone(family)
    await child.stop()


async def test_its_words_are_logged_with_a_prefix(tmp_path: Path) -> None:
    child = await started(tmp_path, "print('50%\\r100%'); print('ValueError: no'); raise SystemExit(3)")
    assert await child.wait() == 3
    await asyncio.sleep(0.1)
    assert list(child.tail) == ["100%", "ValueError: no"]
    assert f" [test {child.pid}] ValueError: no\n" in (tmp_path / "log").read_text()
    await child.stop()


PARENT = """
import asyncio, os, sys
from pathlib import Path
from workers.pool.process import ChildProcess
async def main():
    child = ChildProcess(["sleep", "60"], dict(os.environ), Path(sys.argv[1]), "test")
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_a_killed_parent_takes_the_child_along(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path / "log"), stdout=subprocess.PIPE, cwd=root
    )
    assert parent.stdout
    pid = int(await parent.stdout.readline())
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    assert await gone([pid])


@pytest.mark.parametrize(
    ("status", "words"), [(1, "exit status 1"), (-15, "ended by SIGTERM"), (-9, "memory")]
)
def test_an_exit_is_described(status: int, words: str) -> None:
    assert words in describe_exit(status)
