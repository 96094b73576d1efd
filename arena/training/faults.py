"""Why a run was refused for what its owner gave: stable codes, and what each means in a sentence. Pure data.

What only the platform can mend (a full disk, a crash) is no refusal: the job is tried again and nothing is counted.
"""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    # the data
    "training.no_rows": "The data set has no rows to train on.",
    "training.bad_row": "A row of the data set is not in a form that training reads.",
    "training.row_too_long": "A row is longer than max_length allows.",
    "training.wrong_form": "The data set is in another form than the recipe learns from.",
    "training.empty_answer": "A row has an answer without any text.",
    "training.equal_pair": "A row's chosen and rejected answers are the same.",
    "training.one_sided": "All rows have the same label, so there is nothing to tell apart.",
    # the numbers
    "training.module_unknown": "The base model has no such module.",
    "training.rank_too_high": "The rank is above what the track allows.",
    "training.alpha_too_high": "Alpha is above what an adapter of this rank may have.",
    "training.bad_parent": "The adapter to begin with does not fit the run.",
    "training.method_unavailable": "The method cannot be had on this machine.",
    "training.profile_unavailable": "The launch profile cannot be had on this machine.",
    # the run
    "training.diverged": "The loss or its gradient is not a number any more: the learning rate is too high.",
    "training.out_of_memory": "The run needs more memory than its budget allows.",
}
"""Every code that a run can be refused with."""

DISK_FULL = 5
"""Exit status of a training process that could not write a checkpoint: the earlier one is whole."""
