"""Small patches between two states of a channel. Pure functions; the same algebra runs in `web/packages/live`.

A patch is a merge patch (RFC 7396) plus appends to growing texts. An append names its position, so applying it twice, or
to a state that already has it, changes nothing.
"""

from collections.abc import Mapping
from typing import Any

State = dict[str, Any]
Patch = dict[str, Any]


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> Patch | None:
    """The patch that turns `old` into `new`; None when they are equal."""
    appends: list[dict[str, Any]] = []
    merge = _merge(old, new, [], appends)
    patch: Patch = {}
    if merge:
        patch["set"] = merge
    if appends:
        patch["append"] = appends
    return patch or None


def _merge(old: Mapping[str, Any], new: Mapping[str, Any], path: list[str], appends: list[dict[str, Any]]) -> State:
    merge: State = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if key in old and before == value:
            continue
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            inner = _merge(before, value, [*path, key], appends)
            if inner:
                merge[key] = inner
        elif isinstance(before, str) and isinstance(value, str) and before and value.startswith(before):
            appends.append({"path": [*path, key], "pos": len(before), "text": value[len(before) :]})
        else:
            merge[key] = value
    return merge


def apply(state: Mapping[str, Any], patch: Patch) -> State:
    """The state after the patch; the argument is left alone. In a merge patch null removes a key."""
    result = _merged(state, patch.get("set", {}))
    for append in patch.get("append", []):
        holder = result
        *parents, key = append["path"]
        for step in parents:
            holder = holder[step]
        holder[key] = holder[key][: append["pos"]] + append["text"]
    return result


def _merged(state: Mapping[str, Any], merge: Mapping[str, Any]) -> State:
    result = {key: (_merged(value, {}) if isinstance(value, Mapping) else value) for key, value in state.items()}
    for key, value in merge.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            below = result.get(key)
            result[key] = _merged(below if isinstance(below, Mapping) else {}, value)
        else:
            result[key] = value
    return result
