"""The face of submissions: what other domains use."""

from arena.submissions.candidates import enter_dataset, read_dataset
from arena.submissions.contamination import flag_rephrased
from arena.submissions.contracts import (
    AdapterRef,
    Staged,
    SubmissionChanged,
    SubmissionReceived,
    SubmissionVerified,
)
from arena.submissions.models import Entry, EntryKind, Submission
from arena.submissions.policy import OwnSubmission, VisibleSubmission, may_see
from arena.submissions.queries import (
    competing,
    competing_version,
    describe,
    entries,
    roster,
    stage_adapters,
    staged,
    with_entry,
)
from arena.submissions.schemas import RosterRow, SubmissionOut
from arena.submissions.sealing import read_system_prompt
from arena.submissions.service import adapter_ref, ensure_house, failed, mark, refuse, refuse_without_effect
from arena.submissions.uploads import forget_files, give_up_idle

__all__ = [
    "AdapterRef",
    "Entry",
    "EntryKind",
    "OwnSubmission",
    "RosterRow",
    "Staged",
    "Submission",
    "SubmissionChanged",
    "SubmissionOut",
    "SubmissionReceived",
    "SubmissionVerified",
    "VisibleSubmission",
    "adapter_ref",
    "competing",
    "competing_version",
    "describe",
    "ensure_house",
    "enter_dataset",
    "entries",
    "failed",
    "flag_rephrased",
    "forget_files",
    "give_up_idle",
    "mark",
    "may_see",
    "read_dataset",
    "read_system_prompt",
    "refuse",
    "refuse_without_effect",
    "roster",
    "stage_adapters",
    "staged",
    "with_entry",
]
