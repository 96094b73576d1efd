"""Group Relative Policy Optimization (Shao et al. 2024, arXiv 2402.03300, eq. 3 and 4): several answers to one prompt;
what is better than its group's mean, in its standard deviations, becomes likelier. Against forgetting, β times an
unbiased estimate of the distance to the reference (eq. 4) is part of the loss.
"""

from transformers import Trainer
from trl import GRPOConfig, GRPOTrainer

from workers.lab.train import rollouts
from workers.lab.train.recipe import Kit, Recipe


class _Grpo(rollouts.Grouped, GRPOTrainer):  # type: ignore[misc]  # TRL has no types
    pass


def trainer(kit: Kit) -> Trainer:
    args = GRPOConfig(**rollouts.grouped(kit), loss_type="grpo", scale_rewards="group")
    made: Trainer = rollouts.trainer_of(_Grpo, kit, args)
    return made


RECIPE = Recipe(trainer, rollouts.split, rollouts.mean_reward)
