"""adapter_config.json, read against an allow-list. Standard library only.

An adapter's config can name Python modules to import, files to unpickle, regular expressions to match and repositories
to download. None of that survives: a few facts are read, everything else must be at PEFT's own default, and the file
that is served is generated from the facts.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from arena.shows.base_models import BaseModel
from arena.submissions import strict_json
from arena.submissions.refusals import CONVERT, AdapterRefused, Detail, shown
from arena.submissions.strict_json import Json

MAX_CONFIG_BYTES = 64 << 10
MAX_ALPHA_PER_RANK = 8.0

# Read by the functions below.
_READ = {
    "peft_type",
    "task_type",
    "r",
    "lora_alpha",
    "target_modules",
    "use_rslora",
    "base_model_name_or_path",
}

# Means nothing once trained: dropped, whatever it says. (EVA chooses where training begins and leaves the base alone.)
_DROPPED = {"peft_version", "revision", "inference_mode", "lora_dropout", "eva_config"}

# PEFT writes every field it knows. What it writes by default, when that is neither null, false nor empty:
_DEFAULTS: dict[str, tuple[Json, ...]] = {
    "bias": ("none",),
    "init_lora_weights": (
        True,
        False,
        "gaussian",
        "eva",
        "orthogonal",
    ),  # where training began, not what it made
    "megatron_core": ("megatron.core",),
    "qalora_group_size": (16,),
}

# Fields whose use deserves its own word to the contestant. Everything else is `config.field_not_allowed`.
_VARIANTS = {
    "bias", "lora_bias", "use_dora", "init_lora_weights", "loftq_config",
    "velora_config", "monteclora_config", "kasa_config", "arrow_config", "use_qalora",
    "use_bdlora", "alora_invocation_tokens", "layer_replication", "trainable_token_indices",
    "target_parameters",
}  # fmt: skip
_CODES = (
    dict.fromkeys(_VARIANTS, "config.variant_not_supported")
    | dict.fromkeys(("rank_pattern", "alpha_pattern"), "config.pattern_not_allowed")
    | dict.fromkeys(("layers_pattern", "layers_to_transform", "exclude_modules"), "config.target_modules")
    | {"modules_to_save": "config.modules_to_save"}
)
# A field that is there twice, or holds what is no number, is refused as what that field is about.
_OWN_CODE = {"r": "config.rank", "lora_alpha": "config.alpha"}
_HINTS = {
    "config.variant_not_supported": "Only plain LoRA and rank-stabilised LoRA are served. "
    f"`{CONVERT}` merges the variant and extracts a plain LoRA from the difference.",
    "config.pattern_not_allowed": "Every module must have the same rank and alpha.",
    "config.target_modules": "List module names only, for all layers.",
    "config.modules_to_save": "Only LoRA pairs are accepted, no whole modules.",
    "config.field_not_allowed": "This field must be left at PEFT's default.",
}

_PATH_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")


@dataclass(frozen=True)
class AdapterConfig:
    """The facts of a config that are believed."""

    rank: int
    alpha: float
    use_rslora: bool
    targets: tuple[str, ...]
    """Last parts of the module paths (`q_proj`), sorted, without repeats."""

    @property
    def scale(self) -> float:
        """What B·A is multiplied by when the adapter is applied."""
        return self.alpha / (math.sqrt(self.rank) if self.use_rslora else self.rank)

    def canonical(self, base: BaseModel) -> bytes:
        """The adapter_config.json that is served: generated, byte for byte reproducible."""
        fields = {
            "base_model_name_or_path": base.id,
            "bias": "none",
            "lora_alpha": int(self.alpha) if float(self.alpha).is_integer() else self.alpha,
            "peft_type": "LORA",
            "r": self.rank,
            "target_modules": list(self.targets),
            "task_type": "CAUSAL_LM",
            "use_rslora": self.use_rslora,
        }
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")


@dataclass(frozen=True)
class ConfigReading:
    """What came of reading a config: the facts if all could be read, and every reason against it."""

    config: AdapterConfig | None
    fields: list[AdapterRefused]
    base: list[AdapterRefused]
    rank: list[AdapterRefused]
    names_base: bool
    """Whether the file says which base model it was trained on."""
    readable: bool = True
    """False: not one JSON object, and `fields` says why."""


def read_config(data: bytes, base: BaseModel, max_rank: int) -> ConfigReading:
    """Read adapter_config.json for `base`, with ranks up to `max_rank`. Collects problems, raises nothing."""
    try:
        fields = _object(data, max_rank)
    except AdapterRefused as refusal:
        return ConfigReading(None, [refusal], [], [], names_base=False, readable=False)
    field_problems = _field_problems(fields)
    base_problems: list[AdapterRefused] = []
    rank_problems: list[AdapterRefused] = []
    rank, alpha = 0, 0.0
    targets: tuple[str, ...] = ()
    try:
        _check_base(fields.get("base_model_name_or_path"), base)
    except AdapterRefused as refusal:
        base_problems.append(refusal)
    try:
        targets = _targets(fields.get("target_modules"), base)
    except AdapterRefused as refusal:
        field_problems.append(refusal)
    try:
        rank = _rank(fields.get("r"), max_rank)
        alpha = _alpha(fields.get("lora_alpha"), rank)
    except AdapterRefused as refusal:
        rank_problems.append(refusal)
    config = None
    if not (field_problems or base_problems or rank_problems):
        config = AdapterConfig(rank, alpha, fields.get("use_rslora") is True, targets)
    return ConfigReading(
        config, field_problems, base_problems, rank_problems, bool(fields.get("base_model_name_or_path"))
    )


def _object(data: bytes, max_rank: int) -> dict[str, Json]:
    if len(data) > MAX_CONFIG_BYTES:
        raise AdapterRefused(
            "config.invalid",
            f"adapter_config.json is larger than {MAX_CONFIG_BYTES} bytes.",
            {"bytes": len(data), "limit": MAX_CONFIG_BYTES},
        )
    try:
        fields = strict_json.parse(data, max_depth=4, constants=True)
    except strict_json.DuplicateKeyError as error:
        code = _OWN_CODE.get(error.key, "config.duplicate_key")
        limits = {"max_rank": max_rank, "max_alpha_per_rank": MAX_ALPHA_PER_RANK}
        detail: Detail = {"field": shown(error.key), **limits}
        raise AdapterRefused(code, "adapter_config.json has a key twice.", detail) from None
    except strict_json.StrictJsonError as error:
        raise AdapterRefused("config.invalid", f"adapter_config.json cannot be read: {error}.") from None
    if not isinstance(fields, dict):
        raise AdapterRefused("config.invalid", "adapter_config.json is not a JSON object.")
    return fields


def _field_problems(fields: dict[str, Json]) -> list[AdapterRefused]:
    problems = []
    if fields.get("peft_type") != "LORA":
        code = "config.variant_not_supported"
        said = f"peft_type must be LORA. {_HINTS[code]}"
        problems.append(AdapterRefused(code, said, _detail(code, "peft_type")))
    if fields.get("task_type") not in (None, "CAUSAL_LM"):
        problems.append(
            AdapterRefused("config.field_not_allowed", "task_type must be CAUSAL_LM.", {"field": "task_type"})
        )
    if not isinstance(fields.get("use_rslora", False), bool | None):
        problems.append(
            AdapterRefused(
                "config.field_not_allowed", "use_rslora must be true or false.", {"field": "use_rslora"}
            )
        )
    for name, value in fields.items():
        if name not in _OWN_CODE and not strict_json.is_finite(value):
            said = "A field of adapter_config.json holds NaN or infinity."
            problems.append(AdapterRefused("config.invalid", said, {"field": shown(name)}))
        if name in _READ or name in _DROPPED or _is_default(name, value):
            continue
        code = _CODES.get(name, "config.field_not_allowed")
        said = f"A field of adapter_config.json is in use. {_HINTS[code]}"
        problems.append(AdapterRefused(code, said, _detail(code, name)))
    return problems


def _detail(code: str, field: str) -> Detail:
    if code == "config.variant_not_supported":
        return {"field": shown(field), "convert": CONVERT}
    return {"field": shown(field)}


def _is_default(name: str, value: Json) -> bool:
    """Nothing, or what PEFT itself writes. `is`-like on purpose: 1 is not true and 0 is not false."""
    if value is None or value is False or value == {} or value == []:
        return True
    return any(type(value) is type(default) and value == default for default in _DEFAULTS.get(name, ()))


def _check_base(name: Json, base: BaseModel) -> None:
    """The declared base may be a repository name or a folder; only its last part means something, and nothing opens it.

    Absent is accepted: shapes decide then. A name of another model is refused although shapes may fit, because an
    adapter for the instruction-tuned sibling loads without complaint and answers nonsense.
    """
    if name is None or name == "":
        return
    wrong = AdapterRefused(
        "config.base_model_mismatch",
        f"The adapter was made for another base model; this track is built on {base.id}.",
        {"expected": base.id},
    )
    if not isinstance(name, str) or len(name) > 500:
        raise wrong
    parts = name.replace("\\", "/").rstrip("/").split("/")
    # A colon after a drive letter (`C:`) is a folder; anywhere else it is an address.
    if ".." in parts or ":" in name[2:] or not _PATH_PART.fullmatch(parts[-1]):
        raise wrong
    if parts[-1].lower() != base.id.lower():
        raise wrong


def _rank(value: Json, max_rank: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= max_rank:
        raise AdapterRefused(
            "config.rank", f"r must be a whole number from 1 to {max_rank}.", {"max_rank": max_rank}
        )
    return value


def _alpha(value: Json, rank: int) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            alpha = float(value)
        except OverflowError:
            alpha = math.inf
        if math.isfinite(alpha) and 0 < alpha <= MAX_ALPHA_PER_RANK * rank:
            return alpha
    raise AdapterRefused(
        "config.alpha",
        f"lora_alpha must be a number above 0 and at most {MAX_ALPHA_PER_RANK:g} times r.",
        {"max_alpha_per_rank": MAX_ALPHA_PER_RANK},
    )


def _targets(value: Json, base: BaseModel) -> tuple[str, ...]:
    """Last parts of the modules' paths. PEFT writes these, or the path, or (for "all-linear" on a model of a few
    layers) the path of every single module; the latter have to name all layers.
    """
    paths = base.tensor_names()
    last_parts = {path.rsplit(".", 1)[-1] for path in paths}
    if value == "all-linear":
        return tuple(sorted(last_parts))
    problem = AdapterRefused(
        "config.target_modules",
        "target_modules must be a list of module names of the base model for all its layers, not a pattern.",
        {"allowed": sorted(last_parts)},
    )
    if not isinstance(value, list) or not value or len(value) > len(paths):
        raise problem
    meant: set[str] = set()
    by_ending = _by_ending(paths)
    for item in value:
        found = by_ending.get(item) if isinstance(item, str) else None
        if found is None:
            raise problem
        meant |= found
    targets = {path.rsplit(".", 1)[-1] for path in meant}
    if any(path.rsplit(".", 1)[-1] in targets for path in paths.keys() - meant):
        raise problem
    return tuple(sorted(targets))


def _by_ending(paths: Iterable[str]) -> dict[str, set[str]]:
    """Every dotted ending of every path (PEFT's rule for a name in a list) -> the paths that end so."""
    found: dict[str, set[str]] = {}
    for path in paths:
        parts = path.split(".")
        for start in range(len(parts)):
            found.setdefault(".".join(parts[start:]), set()).add(path)
    return found
