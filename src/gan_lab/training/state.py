"""Everything that a training step touches, and the state that a checkpoint holds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import nn
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from gan_lab.losses import GanLoss
from gan_lab.runs.checkpoints import Checkpoint, OptimizerState, ProgressNumbers, Weights
from gan_lab.runs.initial import InitialWeights
from gan_lab.training.batches import Batches
from gan_lab.training.carried import Carried
from gan_lab.training.weights import (
    Misfit,
    check_optimizer,
    check_weights,
    set_optimizer,
    set_weights,
)


@dataclass(frozen=True)
class TrainingState:
    """The two players, the averaged generator, their optimizers, the loss and what they are fed."""

    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module
    optimizer_g: Optimizer
    optimizer_d: Optimizer
    loss: GanLoss
    batches: Batches
    ema_decay: float
    gradient_clip: float | None = None
    decay: Callable[[int], float] | None = None  # the factor of both learning rates at a step
    precision: str = "fp32"  # or "bf16": see steps.in_bf16
    carried: Carried = field(default_factory=Carried)

    def checkpoint(self, progress: ProgressNumbers) -> Checkpoint:
        """Return all that resuming needs."""
        carried = self.carried.state_dict()
        checkpoint: Checkpoint = {
            "progress": progress,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "average": self.average.state_dict(),
            "optimizer_g": cast(OptimizerState, self.optimizer_g.state_dict()),
            "optimizer_d": cast(OptimizerState, self.optimizer_d.state_dict()),
        }
        return {**checkpoint, "carried": carried} if carried else checkpoint

    def load(self, checkpoint: Checkpoint | InitialWeights) -> None:
        """Set all tensors from a checkpoint, or what a run begins with from another's. Raises
        Misfit, before any is set, if one does not fit."""
        networks: list[tuple[str, nn.Module, Weights]] = [
            ("generator", self.generator, checkpoint["generator"]),
            ("discriminator", self.discriminator, checkpoint["discriminator"]),
            ("average", self.average, checkpoint["average"]),
        ]
        if "progress" in checkpoint:  # another run's weights say nothing of what this one remembers
            remembered = cast(Weights, checkpoint.get("carried", {}))
            networks.append(("carried", self.carried, remembered))
        progress = cast("ProgressNumbers | None", checkpoint.get("progress"))
        stepped = progress is not None and progress["step"] > 0
        optimizers = []
        if "optimizer_g" in checkpoint:
            turns = stepped and self.loss.generator_steps > 0
            optimizers.append((self.optimizer_g, checkpoint["optimizer_g"], turns))
        if "optimizer_d" in checkpoint:
            turns = stepped and self.loss.discriminator_steps > 0
            optimizers.append((self.optimizer_d, checkpoint["optimizer_d"], turns))
        for name, network, weights in networks:
            try:
                check_weights(network, weights)
            except Misfit as error:
                raise Misfit(f"{name}: {error}") from error
        for optimizer, saved, has_stepped in optimizers:
            check_optimizer(optimizer, saved, has_stepped)
        for _, network, weights in networks:
            set_weights(network, weights)
        for optimizer, saved, _ in optimizers:
            set_optimizer(optimizer, saved)

    def decay_learning_rates(self, step: int) -> None:
        """Set both learning rates to what they are at a step."""
        if self.decay is None:
            return
        for optimizer in (self.optimizer_g, self.optimizer_d):
            for group in optimizer.param_groups:
                group["lr"] = optimizer.defaults["lr"] * self.decay(step)

    def is_finite(self) -> bool:
        """Whether every weight of both players is a finite number."""
        weights = [*self.generator.parameters(), *self.discriminator.parameters()]
        return bool(torch.isfinite(get_total_norm([weight.detach() for weight in weights])))
