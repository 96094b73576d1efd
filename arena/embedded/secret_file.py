"""Secrets of one embedded stack: made once, kept in a file that only its owner can read."""

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from secrets import token_hex, token_urlsafe


@dataclass(frozen=True)
class Secrets:
    """One value per lock. Hexadecimal where the value goes into a URL or a server's configuration file."""

    secret_key: str
    engine_token: str
    operator_token: str
    database_password: str
    redis_password: str
    redis_lab_password: str


def _fresh() -> Secrets:
    return Secrets(
        secret_key=token_urlsafe(48),
        engine_token=token_urlsafe(32),
        operator_token=f"gvt_{token_urlsafe(32)}",
        database_password=token_hex(24),
        redis_password=token_hex(24),
        redis_lab_password=token_hex(24),
    )


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step with `text`, mode 0600 from its first byte on."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def load_or_create(path: Path) -> Secrets:
    """The secrets in `path`; what is missing is made and saved. Raises ValueError naming a file that cannot be read."""
    known: dict[str, str] = {}
    if path.exists():
        path.chmod(0o600)
        try:
            known = json.loads(path.read_text())
        except ValueError as error:
            raise ValueError(
                f"{path} is not JSON any more ({error}); restore it, or remove the data folder"
            ) from error
    names = {field.name for field in fields(Secrets)}
    secrets = Secrets(
        **{**asdict(_fresh()), **{name: value for name, value in known.items() if name in names}}
    )
    if asdict(secrets) != known:
        write_private(path, json.dumps(asdict(secrets), indent=2) + "\n")
    return secrets
