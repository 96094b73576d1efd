"""A process shuts itself in before it opens a stranger's file. Everything here is one way.

Each wall works without the others and none needs privileges, except two that are taken when they can be had: a network
namespace of its own and the user `nobody`, both for root only.
"""

import ctypes
import os
import resource
import signal
from dataclasses import dataclass

from arena.kit.launch import die_with

_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWNET = 0x40000000
_NOBODY = 65534


@dataclass(frozen=True)
class Limits:
    memory_bytes: int
    cpu_seconds: int
    file_bytes: int
    """The largest file it may write."""


def lock_down(limits: Limits, parent: int) -> None:
    """Give up files, network, processes, privileges and all but `limits`. Import and open what is needed before.

    Ends with the process `parent`, by its pid, which is the one that started this one.

    Descriptors that are open stay usable; no new one can be had, and without one there is no file and no socket.
    """
    if os.geteuid() == 0:
        _own_network()
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    die_with(parent, signal.SIGKILL)  # after the change of user, which clears it
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _own_network() -> None:
    """An empty network namespace. A container may forbid it; the descriptor limit then stands alone."""
    ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl failed")
