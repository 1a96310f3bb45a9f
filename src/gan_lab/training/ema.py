"""Exponential moving average of a network's weights (Yazici et al. 2019, arXiv 1806.04498)."""

import torch
from torch import nn


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move `average` towards `network` after its `step`-th update (1, 2, ...).

    The decay warms up as min(decay, (1 + step) / (10 + step)): with a plain 0.999 the average is
    still mostly the initialisation after hundreds of steps. Parameters are averaged; buffers (the
    running statistics of batch norm) are copied, for they are averages already.
    """
    weight = 1 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), weight)
    for ours, theirs in zip(average.buffers(), network.buffers(), strict=True):
        ours.copy_(theirs)
