"""Whether a training has collapsed, from what it shows anyway."""

import torch
from torch import Tensor

from gan_lab.data import ImageDataset
from gan_lab.metrics import nearest_distances, spread

SPREAD_SAMPLES = 2000
NEAREST_SAMPLES = 500  # 500 x 500 distances: some hundredths of a second


class Monitor:
    """Watches one run."""

    def __init__(self, data: ImageDataset):
        every = max(1, len(data) // SPREAD_SAMPLES)
        real = data.images[::every][:SPREAD_SAMPLES]
        self._spread = spread(real)
        self._nearest = float(nearest_distances(real[:: max(1, len(real) // NEAREST_SAMPLES)][:NEAREST_SAMPLES]).median())
        self._shares = None
        if data.labels is not None:
            self._shares = data.labels.bincount(minlength=len(data.classes)).double() / len(data)

    def look(self, samples: Tensor, logits: Tensor | None) -> dict[str, float]:
        evidence = {
            "monitor/spread": spread(samples) / self._spread,
            "monitor/nearest": float(nearest_distances(samples[:NEAREST_SAMPLES]).median()) / self._nearest,
        }
        if logits is not None:
            probabilities = logits.softmax(1)
            sure = probabilities.amax(1) > 0.5
            counts = probabilities.argmax(1)[sure].bincount(minlength=logits.shape[1]).double()
            shares = counts / counts.sum().clamp(min=1)
            evidence["monitor/sure"] = float(sure.double().mean())
            evidence["monitor/missing"] = float((shares < self._shares / 10).sum())
            evidence["monitor/kl"] = float(torch.special.xlogy(shares, shares / self._shares).sum())
        return evidence
