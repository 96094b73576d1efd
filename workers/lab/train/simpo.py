"""Simple Preference Optimization (Meng et al. 2024, arXiv 2405.14734, eq. 6), without a reference. With log p the mean
log-probability per token and γ = 0.5, the margin that is aimed at:

    -log σ(β [log p(chosen) - log p(rejected)] - γ)

TRL has it as a loss of its CPO trainer; with `cpo_alpha` 0 nothing else of CPO is left.
"""

from transformers import Trainer
from trl.experimental.cpo import CPOConfig, CPOTrainer

from workers.lab.train.held_out import margins, split
from workers.lab.train.on_ids import arguments, ready
from workers.lab.train.pairs import ByPair, trainer_of
from workers.lab.train.recipe import Kit, Recipe

GAMMA = 0.5


class _SimPo(ByPair, CPOTrainer):  # type: ignore[misc]  # TRL has no types
    pass


def trainer(kit: Kit) -> Trainer:
    args = CPOConfig(
        **arguments(
            kit,
            beta=kit.spec.beta,
            loss_type="simpo",
            cpo_alpha=0.0,
            simpo_gamma=GAMMA,
            max_length=None,
            remove_unused_columns=False,
        )
    )
    return ready(trainer_of(_SimPo, kit, args), kit)


RECIPE = Recipe(trainer, split, margins)
