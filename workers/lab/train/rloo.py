"""REINFORCE Leave-One-Out (Ahmadian et al. 2024, arXiv 2402.14740, eq. 8): several answers to one prompt; each is
compared with the mean of the others. The distance to the reference, times β, is taken off the reward.
"""

from transformers import Trainer
from trl import RLOOConfig, RLOOTrainer

from workers.lab.train import rollouts
from workers.lab.train.recipe import Kit, Recipe


class _Rloo(rollouts.Grouped, RLOOTrainer):  # type: ignore[misc]  # TRL has no types
    pass


def trainer(kit: Kit) -> Trainer:
    args = RLOOConfig(**rollouts.grouped(kit))
    made: Trainer = rollouts.trainer_of(_Rloo, kit, args)
    return made


RECIPE = Recipe(trainer, rollouts.split, rollouts.mean_reward)
