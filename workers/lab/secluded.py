"""Start one program alone: without a network, behind everybody else. Run by path, with the standard library alone.

    python -I -S secluded.py NICE PROGRAM [ARGUMENT…]

Its network is a namespace of its own, in which nothing but this machine's loopback is up: processes of one training run
speak to each other over it. Where the system grants no namespace the program is started all the same, and its standard
error begins with the reason; it then is alone only as far as it was told nothing. `NICE` is by how much it steps back,
so that the stage goes first. When memory runs out, the kernel takes it before anything else.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
"""From `linux/sched.h`, `linux/sockios.h` and `linux/if.h`."""


def secluded(nice: int) -> list[str]:
    """What to put before a program's own words."""
    return [sys.executable, "-I", "-S", __file__, str(nice)]


def own_network() -> None:
    """Raises OSError where it is not granted."""
    user, group = os.geteuid(), os.getegid()
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    if unshare(CLONE_NEWNET) != 0:
        # Not root: who may have a namespace of users of his own has all rights inside, and stays who he is outside.
        if unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            raise OSError(error := ctypes.get_errno(), os.strerror(error))
        for name, said in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            Path(f"/proc/self/{name}").write_text(said)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def main(arguments: list[str]) -> None:
    nice, *program = arguments
    try:
        own_network()
    except (OSError, AttributeError) as error:  # not granted, or not Linux
        print(f"no network of its own: {error}", file=sys.stderr, flush=True)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(int(nice))
    try:
        os.execvp(program[0], program)
    except OSError as error:
        sys.exit(f"error: cannot start {program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
