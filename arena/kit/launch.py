"""Start one program so that it cannot outlive its parent. Run by path, with the standard library alone.

    python -I -S launch.py SIGNAL PARENT USER PROGRAM [ARGUMENT…]

`SIGNAL` (number) is what the kernel sends the program when the parent dies, however it dies; `PARENT` is the parent's
pid (1 is a good one: in a container without an init it is whoever was started), or `-` for whoever starts this, where
that is not known beforehand; `USER` is an account to become first, or `-`. A separate step, because Python code between
fork and exec in a process with threads can deadlock, and because the kernel forgets the signal when a process changes
its user.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From `linux/prctl.h`."""


def launcher(number: int, user: str | None = None, *, by_me: bool = True) -> list[str]:
    """What to put before a program's own words. `by_me`: it is this process that will start it."""
    parent = str(os.getpid()) if by_me else "-"
    return [sys.executable, "-I", "-S", __file__, str(int(number)), parent, user or "-"]


def become(user: str) -> None:
    """Give up root for good: groups first, then the user."""
    import pwd

    account = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def die_with(parent: int, number: int) -> None:
    """Ask Linux to signal this process when `parent` is gone; other systems have no such wish to grant."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask
        os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    number, parent, user, *program = arguments
    if user != "-":
        become(user)
    die_with(os.getppid() if parent == "-" else int(parent), int(number))
    try:
        os.execvp(program[0], program)
    except OSError as error:
        sys.exit(f"error: cannot start {program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
