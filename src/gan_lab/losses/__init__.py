"""Objectives: two pure functions of logits, plus penalties that are functions of the critic."""

from gan_lab.losses.adversarial import minimax, nonsaturating
from gan_lab.losses.lecam import LeCam
from gan_lab.losses.objective import Critic, GanLoss, Penalty
from gan_lab.losses.penalties import DRAGAN, R1, R2, GradientPenalty
from gan_lab.losses.scores import hinge, lsgan, rpgan, wasserstein

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "Critic",
    "GanLoss",
    "GradientPenalty",
    "LeCam",
    "Penalty",
    "hinge",
    "lsgan",
    "minimax",
    "nonsaturating",
    "rpgan",
    "wasserstein",
]
