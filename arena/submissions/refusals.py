"""Why an adapter was not admitted: one exception with a stable machine code, and the list of all codes.

The code is the contract (the web translates it, tests pin it, a metric counts it); the message is English for logs and
the command line. Neither ever repeats the contents of the file: names taken from it go through `shown` into `detail`,
so what the attack table calls `config.field_not_allowed:<name>` is that code with `detail["field"]`.

There is no log of refusals beside this: the submission's row keeps its refusal and its checks.
"""

import re
from collections.abc import Mapping

Detail = Mapping[str, str | int | float | bool | list[str] | None]

CODES: Mapping[str, str] = {
    # what kind of file it is
    "upload.too_large": "larger than the track allows",
    "artifact.type_not_allowed": "a file of a kind that is never accepted",
    "artifact.archive_not_allowed": "an archive",
    "artifact.unexpected_file": "a file that this kind of entry does not have",
    "artifact.kind_not_taken": "a kind of entry that the track does not take",
    "artifact.inspection_limit": "could not be inspected within memory and time",
    # the safetensors format
    "st.too_small": "no room for a header",
    "st.header_invalid": "the header is not one strict JSON object of tensors",
    "st.header_too_large": "the header is larger than any adapter needs",
    "st.too_many_tensors": "more tensors than any adapter has",
    "st.duplicate_key": "the header names something twice",
    "st.metadata_too_large": "too much free text",
    "st.bad_key": "a tensor with a name that is not a LoRA tensor's",
    "st.dtype_not_allowed": "a tensor of another type than F32, F16 or BF16",
    "st.bad_shape": "a shape that is none, or not that of its data",
    "st.bad_offsets": "data that overlaps, leaves holes or lies outside",
    "st.trailing_bytes": "something after the last tensor",
    # adapter_config.json
    "config.invalid": "not one strict JSON object",
    "config.duplicate_key": "a key twice",
    "config.variant_not_supported": "a variant of LoRA that the engine cannot serve",
    "config.field_not_allowed": "a field in use that must be at PEFT's default",
    "config.pattern_not_allowed": "rank or alpha by pattern",
    "config.target_modules": "not a list of the base model's modules in all layers",
    "config.modules_to_save": "whole modules beside LoRA",
    "config.base_model_mismatch": "made for another base model",
    "config.base_model_missing": "does not say for which base model (a warning)",
    "config.rank": "the rank",
    "config.alpha": "lora_alpha",
    # tensors against base model and rules
    "adapter.empty": "no tensors",
    "adapter.unknown_module": "a tensor for no module of the base model",
    "adapter.missing_module": "a declared module without tensors",
    "adapter.undeclared_module": "tensors for a module that is not declared",
    "adapter.shape_mismatch": "a pair that is incomplete or of another shape",
    "adapter.nonfinite": "NaN, infinity, or beyond half precision",
    "adapter.norm_out_of_range": "a change that drowns the base model",
    "adapter.no_effect": "a change of nothing",
    # after the gate
    "benchmark.no_effect": "answers like the base model",
}
"""Every code a submission can be refused (or warned) with."""

CONVERT = "gavel convert ADAPTER --base MODEL --rank RANK --out FOLDER"
"""How a variant becomes a plain LoRA: merge, then SVD of the difference. Said wherever a variant is refused."""

_HARMLESS = re.compile(r"[A-Za-z0-9_.\-]{1,200}")


class AdapterRefused(Exception):
    """One reason against an adapter.

    `code` is one of CODES, `<area>.<reason>`: `artifact.*` (the file is another kind of file), `st.*` (safetensors
    format), `config.*` (adapter_config.json), `adapter.*` (tensors that do not fit the base model or the rules).
    """

    def __init__(self, code: str, message: str, detail: Detail | None = None) -> None:
        if code not in CODES:
            raise ValueError(f"{code} is not a registered refusal")
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.detail: Detail = detail or {}


def shown(name: object) -> str:
    """A name out of a contestant's file that may be shown: itself when harmless, otherwise a placeholder."""
    if isinstance(name, str) and _HARMLESS.fullmatch(name):
        return name
    return "(not printable)"
