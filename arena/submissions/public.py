"""The face of submissions: what other domains use."""

from arena.submissions.arrive import StoredFile, receive
from arena.submissions.candidates import enter_dataset, read_dataset
from arena.submissions.contamination import flag_rephrased
from arena.submissions.contracts import (
    AdapterRef,
    Staged,
    SubmissionChanged,
    SubmissionReceived,
    SubmissionVerified,
)
from arena.submissions.dataset_checks import accept_cleaned
from arena.submissions.dataset_checks import check_of as dataset_check
from arena.submissions.models import SEALED, Entry, EntryKind, Submission
from arena.submissions.policy import OwnSubmission, VisibleSubmission, holds, may_see
from arena.submissions.queries import (
    competing,
    competing_version,
    describe,
    entries,
    lock_holder,
    owners,
    roster,
    stage_adapters,
    staged,
    with_entry,
)
from arena.submissions.schemas import RosterRow, SubmissionOut
from arena.submissions.sealing import read_system_prompt
from arena.submissions.service import (
    adapter_ref,
    ensure_house,
    failed,
    is_open,
    mark,
    refuse,
    refuse_without_effect,
    sealed_config,
)
from arena.submissions.uploads import forget_files, give_up_idle

__all__ = [
    "SEALED",
    "AdapterRef",
    "Entry",
    "EntryKind",
    "OwnSubmission",
    "RosterRow",
    "Staged",
    "StoredFile",
    "Submission",
    "SubmissionChanged",
    "SubmissionOut",
    "SubmissionReceived",
    "SubmissionVerified",
    "VisibleSubmission",
    "accept_cleaned",
    "adapter_ref",
    "competing",
    "competing_version",
    "dataset_check",
    "describe",
    "ensure_house",
    "enter_dataset",
    "entries",
    "failed",
    "flag_rephrased",
    "forget_files",
    "give_up_idle",
    "holds",
    "is_open",
    "lock_holder",
    "mark",
    "may_see",
    "owners",
    "read_dataset",
    "read_system_prompt",
    "receive",
    "refuse",
    "refuse_without_effect",
    "roster",
    "sealed_config",
    "stage_adapters",
    "staged",
    "with_entry",
]
