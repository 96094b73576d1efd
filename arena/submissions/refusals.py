"""Why an adapter was not admitted: one exception with a stable machine code.

The code is the contract (the web translates it, tests pin it); the message is English for logs and the command line.
Neither ever repeats the contents of the file: names taken from it go through `shown` into `detail`.
"""

import re
from collections.abc import Mapping

Detail = Mapping[str, str | int | float | bool | list[str] | None]

_HARMLESS = re.compile(r"[A-Za-z0-9_.\-]{1,200}")


class AdapterRefused(Exception):
    """One reason against an adapter.

    `code` is `<area>.<reason>`: `artifact.*` (the file is another kind of file), `st.*` (safetensors format),
    `config.*` (adapter_config.json), `adapter.*` (tensors that do not fit the base model or the rules).
    """

    def __init__(self, code: str, message: str, detail: Detail | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.detail: Detail = detail or {}


def shown(name: object) -> str:
    """A name out of a contestant's file that may be shown: itself when harmless, otherwise a placeholder."""
    if isinstance(name, str) and _HARMLESS.fullmatch(name):
        return name
    return "(not printable)"
