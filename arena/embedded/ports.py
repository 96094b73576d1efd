"""Which TCP port a part gets: the usual one, or the next free one and the reason why."""

import errno
import socket
from contextlib import closing
from dataclasses import dataclass

import psutil

TRIES = 100


@dataclass(frozen=True)
class Port:
    number: int
    note: str | None
    """Set when the wanted port was busy: who has it and which one is used instead."""


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on `host:port` now. Raises OSError when this machine has no such address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def holder(port: int) -> str | None:
    """Name and pid of the process that listens on `port`, when this user may know it."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = (
                connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            )
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return None
    return None


def choose(host: str, wanted: int, purpose: str, taken: frozenset[int] = frozenset()) -> Port:
    """A port for `purpose`: `wanted`, or the first free one above it. Raises RuntimeError when there is none."""
    for number in range(wanted, min(wanted + TRIES, 65536)):
        if number in taken or not is_free(host, number):
            continue
        if number == wanted:
            return Port(number, None)
        who = holder(wanted) or ("another part" if wanted in taken else "another program")
        return Port(number, f"port {wanted} is taken by {who}; {purpose} uses {number}")
    raise RuntimeError(f"no free port for {purpose} from {wanted} on; choose another with --port")
