"""Odds Ratio Preference Optimization (Hong et al. 2024, arXiv 2403.07691, eq. 6 and 7): supervised learning of the
chosen answer and a push away from the rejected one, without a reference. With p the mean probability per token:

    -log p(chosen) - β log σ(log odds(chosen) - log odds(rejected))        odds = p / (1 - p)
"""

from transformers import Trainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

from workers.lab.train.held_out import margins, split
from workers.lab.train.on_ids import arguments, ready
from workers.lab.train.pairs import ByPair, trainer_of
from workers.lab.train.recipe import Kit, Recipe


class _Orpo(ByPair, ORPOTrainer):  # type: ignore[misc]  # TRL has no types
    pass


def trainer(kit: Kit) -> Trainer:
    args = ORPOConfig(**arguments(kit, beta=kit.spec.beta, max_length=None, remove_unused_columns=False))
    return ready(trainer_of(_Orpo, kit, args), kit)


RECIPE = Recipe(trainer, split, margins)
