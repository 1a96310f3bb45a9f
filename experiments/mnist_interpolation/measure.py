"""Measure images on the line through pairs of latents: `python measure.py RUN` (a run of MNIST)."""

import sys

import torch

import gan_lab
from gan_lab.evaluation.extractors import shipped_classifier
from gan_lab.metrics import mean_interval, wilson
from gan_lab.training.sampling import generate

PAIRS, STEP = 1000, 1 / 9
PLACES = (-2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)

run = gan_lab.load_run(sys.argv[1])
judge = shipped_classifier(torch.device("cpu"), "mnistcnn-v1")
first, second = run.latents(2 * PAIRS).chunk(2)
print("t, length of z, share with confidence over 0.9, change of the image in a ninth of the way")
for place in PLACES:
    here, on = (torch.lerp(first, second, t) for t in (place, place + STEP))
    images, later = generate(run.generator, here), generate(run.generator, on)
    logits = judge.extract(images)[1]
    sure = int((logits.softmax(1).max(1).values > 0.9).sum())
    change = (images.double() - later.double()).square().mean((1, 2, 3)).sqrt()
    low, high = wilson(sure, PAIRS)
    print(
        f"{place:5.2f}  {here.norm(dim=1).mean():5.2f}  {sure / PAIRS:.3f} [{low:.3f}, {high:.3f}]"
        f"  {change.mean():5.2f} {[round(end, 2) for end in mean_interval(change) or ()]}"
    )
