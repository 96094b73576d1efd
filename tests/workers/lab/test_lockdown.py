"""The sandbox: what a process can no longer do once it has shut itself in."""

import os
import signal
import subprocess
import sys

import pytest

PREAMBLE = """
import os, socket, sys
from workers.lab.lockdown import Limits, lock_down
written = open(sys.argv[1], "wb", buffering=0)
lock_down(Limits(memory_bytes=300 << 20, cpu_seconds=1, file_bytes=1000), int(sys.argv[2]))
"""


def shut_in(code: str, path: object, parent: int | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", PREAMBLE + code, str(path), str(parent or os.getpid())],
        capture_output=True, text=True, timeout=30, check=False, env={"OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        ("open('/etc/passwd')", "OSError: [Errno 24]"),
        ("os.open('/etc/passwd', 0)", "OSError: [Errno 24]"),
        ("os.listdir('/')", "OSError: [Errno 24]"),
        ("socket.socket()", "OSError: [Errno 24]"),
        ("os.pipe()", "OSError: [Errno 24]"),
        ("bytearray(400 << 20)", "MemoryError"),
    ],
)
def test_what_is_out_of_reach(tmp_path: object, attempt: str, error: str) -> None:
    ended = shut_in(attempt, f"{tmp_path}/out")
    assert ended.returncode == 1
    assert error in ended.stderr


def test_time_is_up_after_a_second_of_work(tmp_path: object) -> None:
    assert shut_in("while True: pass", f"{tmp_path}/out").returncode in (-signal.SIGXCPU, -signal.SIGKILL)


def test_a_file_cannot_grow_beyond_the_limit(tmp_path: object) -> None:
    ended = shut_in("written.write(bytes(1000)); written.write(b'!')", f"{tmp_path}/out")
    assert ended.returncode != 0
    assert os.path.getsize(f"{tmp_path}/out") == 1000  # noqa: PTH202


@pytest.mark.skipif(os.geteuid() != 0, reason="root has more to give up")
def test_root_becomes_nobody_without_a_network(tmp_path: object) -> None:
    code = "print(os.getuid(), os.getgid(), os.getgroups(), [name for _, name in socket.if_nameindex()])"
    # Listing interfaces needs a descriptor, so this one is asked before the limit falls.
    early = PREAMBLE.replace(
        "lock_down(", "import workers.lab.lockdown as l; l.resource.setrlimit = lambda *_: 0\nlock_down("
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-c", early + code, f"{tmp_path}/out", str(os.getpid())],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert ended.stdout.strip() == "65534 65534 [] ['lo']"


def test_a_locked_process_cannot_start_another(tmp_path: object) -> None:
    ended = shut_in("os.fork()", f"{tmp_path}/out")
    assert ended.returncode == 1
    assert "BlockingIOError" in ended.stderr


def test_it_ends_when_its_parent_is_gone_before_it_could_ask(tmp_path: object) -> None:
    """Whoever adopted it, and whatever number the parent had."""
    assert shut_in("print('alive')", f"{tmp_path}/out").stdout == "alive\n"
    orphan = shut_in("print('alive')", f"{tmp_path}/out", parent=1)
    assert (orphan.returncode, orphan.stdout) == (-signal.SIGKILL, "")
