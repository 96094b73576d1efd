"""Why a version was not admitted: one exception with a stable machine code, and the list of all codes.

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
    "entry.identical": "the same bytes as another owner's: a note",
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
    "adapter.near_duplicate": "nearly the same change as another owner's: a note",
    "adapter.no_effect": "a change of nothing",
    # the effect probe
    "adapter.probe_failed": "the engine answers otherwise than PEFT, or not with numbers",
    "adapter.runaway": "no answer ends by itself (a warning)",
    "adapter.not_compared": "a rehearsal engine has no weights to compare with (a warning)",
    # system prompts
    "prompt.not_utf8": "not UTF-8 text",
    "prompt.empty": "nothing to read",
    "prompt.character": "an invisible or private character",
    "prompt.template_not_allowed": "the syntax of a template",
    "prompt.special_tokens": "a special token, a role, or the frame of the template",
    "prompt.too_long": "more characters than the track allows",
    "prompt.context": "more tokens than fit beside question and answer",
    "prompt.no_effect": "answers like the base model without it",
    # full models
    "model.config_invalid": "config.json is not one strict JSON object",
    "model.code_not_allowed": "names code to run",
    "model.architecture": "of another architecture than the base model",
    "model.config_mismatch": "differs from the base model's config",
    "model.field_not_allowed": "a field that the base model's config has not",
    "model.quantised": "quantised weights",
    "model.index_invalid": "the index is not a map from tensors to shards",
    "model.index_path": "the index names another file than a shard",
    "model.index_mismatch": "index and shards disagree",
    "model.unknown_tensor": "a tensor that the architecture has not",
    "model.missing_tensor": "a tensor of the architecture is missing",
    "model.duplicate_tensor": "a tensor in two shards",
    "model.shape_mismatch": "a tensor of another shape",
    "model.nonfinite": "NaN, infinity, or beyond half precision",
    # what may be said on air
    "moderation.blocked": "breaks the rules of the show",
    "moderation.held": "a moderator would have to look at it",
    # a data set
    "dataset.licence_missing": "nobody said under which licence it is",
    "dataset.too_large": "a larger file than allowed",
    "dataset.archive": "an archive",
    "dataset.unreadable": "so broken that the reader breaks",
    "dataset.encoding": "text that is not UTF-8",
    "dataset.wrong_format": "another kind of file than its name says",
    "dataset.json_array": "one JSON array instead of lines",
    "dataset.parquet_invalid": "not a Parquet file that can be read",
    "dataset.parquet_schema": "a column of a type that no form has",
    "dataset.unknown_form": "rows in none of the three forms",
    "dataset.empty": "no rows",
    "dataset.too_many_rows": "more rows than allowed",
    "dataset.text_too_large": "rows that unpack to more than allowed",
    "dataset.not_utf8": "a row with bytes that are not UTF-8",
    "dataset.not_json": "a row that is not one strict JSON object",
    "dataset.duplicate_key": "a row that names a field twice",
    "dataset.too_deep": "a row nested deeper than any form",
    "dataset.row_too_long": "a row longer than allowed",
    "dataset.mixed_forms": "a row in another form than the first",
    "dataset.missing_field": "a row without a field of its form",
    "dataset.wrong_type": "a field of the wrong type",
    "dataset.too_many_messages": "more messages in a row than allowed",
    "dataset.unknown_role": "a message by nobody",
    "dataset.role_order": "messages out of turn",
    "dataset.empty_text": "an empty text",
    "dataset.moderation_blocked": "a text against the rules of the show",
    "dataset.moderation_held": "a text that a moderator would have to see",
    "dataset.benchmark_overlap": "a question of the benchmark (a warning, as are those that follow)",
    "dataset.canary": "the canary of a suite: a copy of its files (a warning)",
    "dataset.same_answers": "chosen and rejected are the same",
    "dataset.contradiction": "one text with both labels",
    "dataset.duplicate": "a row that repeats another",
    "dataset.near_duplicate": "a row that nearly repeats another",
    "dataset.control_characters": "control or invisible characters",
    "dataset.personal_email": "an e-mail address",
    "dataset.personal_phone": "a telephone number",
    "dataset.personal_id": "a resident identity number",
    "dataset.personal_card": "a bank card's number",
    "dataset.personal_ip": "an IP address",
    "dataset.one_sided_labels": "nearly all labels are the same",
    "dataset.unknown_field": "fields that no form has",
    "dataset.blank_lines": "blank lines",
    "dataset.bom": "a byte order mark",
    "dataset.moderation_flagged": "a text that the word lists flag",
    # found out by its scores
    "score.rephrased_gap": "public questions are answered far better than rephrased ones (a warning)",
}
"""Every code a submission can be refused (or warned) with."""

CONVERT = "gavel convert ADAPTER --base MODEL --rank RANK --out FOLDER"
"""How a variant becomes a plain LoRA: merge, then SVD of the difference. Said wherever a variant is refused."""

_HARMLESS = re.compile(r"[A-Za-z0-9_.\-]{1,200}")


class AdapterRefused(Exception):
    """One reason against what was sent.

    `code` is one of CODES, `<area>.<reason>`: `artifact.*` (the file is another kind of file), `st.*` (safetensors
    format), `config.*` (adapter_config.json), `adapter.*` (tensors that do not fit the base model or the rules),
    `prompt.*`, `model.*`.
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
