"""Small patches between two states of a channel. Pure functions; the same algebra runs in `web/packages/live`.

A patch sets what changed, object by object, and appends to growing texts. Unlike a merge patch of RFC 7396, null is a
value ("there is no duel"): a state's keys are fixed by its schema. An append names its position, so applying it twice,
or to a state that already has it, changes nothing.
"""

from collections.abc import Mapping
from typing import Any

State = dict[str, Any]
Patch = dict[str, Any]


class KeysDiffer(Exception):
    """An object lost a key, which a patch cannot say: send a snapshot."""


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> Patch | None:
    """The patch that turns `old` into `new`; None when they are equal. Raises KeysDiffer."""
    appends: list[dict[str, Any]] = []
    changed = _changed(old, new, [], appends)
    patch: Patch = {}
    if changed:
        patch["set"] = changed
    if appends:
        patch["append"] = appends
    return patch or None


def _changed(
    old: Mapping[str, Any], new: Mapping[str, Any], path: list[str], appends: list[dict[str, Any]]
) -> State:
    if not old.keys() <= new.keys():
        raise KeysDiffer(path)
    changed: State = {}
    for key, value in new.items():
        before = old.get(key)
        if key in old and before == value:
            continue
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            inner = _changed(before, value, [*path, key], appends)
            if inner:
                changed[key] = inner
        elif isinstance(before, str) and isinstance(value, str) and before and value.startswith(before):
            appends.append({"path": [*path, key], "pos": len(before), "text": value[len(before) :]})
        else:
            changed[key] = value
    return changed


def apply(state: Mapping[str, Any], patch: Patch) -> State:
    """The state after the patch; the argument is left alone."""
    result = _merged(state, patch.get("set", {}))
    for append in patch.get("append", []):
        holder = result
        *parents, key = append["path"]
        for step in parents:
            holder = holder[step]
        holder[key] = holder[key][: append["pos"]] + append["text"]
    return result


def _merged(state: Mapping[str, Any], changed: Mapping[str, Any]) -> State:
    result = {
        key: (_merged(value, {}) if isinstance(value, Mapping) else value) for key, value in state.items()
    }
    for key, value in changed.items():
        below = result.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            result[key] = _merged(below, value)
        else:
            result[key] = value
    return result
