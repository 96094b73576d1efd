"""JSON as the standard has it, for files that strangers send.

Python's reader takes the last of two equal keys, accepts NaN and Infinity, and dies of deep nesting; two readers that
disagree about one file are how an adapter passes the check and loads as something else.
"""

import json
import math

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


class StrictJsonError(ValueError):
    """Not strict JSON. The text says what is wrong without repeating the content."""


class DuplicateKeyError(StrictJsonError):
    """The same key twice in one object."""

    def __init__(self, key: str) -> None:
        super().__init__("a key appears twice in one object")
        self.key = key


def parse(data: bytes, max_depth: int, *, constants: bool = False) -> Json:
    """Parse UTF-8 JSON no deeper than `max_depth` objects or arrays.

    `constants` lets NaN and Infinity through as floats, for a caller that names the field they stand in; `1e400` is
    infinity in either case (`is_finite` finds both). Raises DuplicateKeyError for a repeated key, StrictJsonError for
    anything else that is not strict JSON.
    """
    try:
        value: Json = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_constant=float if constants else _no_constants,
        )
    except StrictJsonError:
        raise
    except UnicodeDecodeError:
        raise StrictJsonError("it is not UTF-8 text") from None
    except RecursionError:
        raise StrictJsonError("it is nested too deeply") from None
    except ValueError as error:  # JSONDecodeError, and integers beyond Python's digit limit
        place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise StrictJsonError(f"it is not JSON{place}") from None
    if _depth(value, max_depth + 1) > max_depth:
        raise StrictJsonError("it is nested too deeply")
    return value


def _no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in pairs:
        if key in found:
            raise DuplicateKeyError(key)
        found[key] = value
    return found


def _no_constants(literal: str) -> Json:
    raise StrictJsonError(f"{literal} is not a JSON number")


def is_finite(value: Json) -> bool:
    """Whether every number in `value`, however deep, is one. Depth is bounded by `parse`."""
    if isinstance(value, dict | list):
        return all(is_finite(child) for child in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def _depth(value: Json, limit: int) -> int:
    """Nesting depth of `value`, counted no further than `limit`."""
    if limit == 0 or not isinstance(value, dict | list):
        return 0
    children = value.values() if isinstance(value, dict) else value
    return 1 + max((_depth(child, limit - 1) for child in children), default=0)
