"""Measure what a D without batch norm makes of contrast: `python measure.py RUN` (of MNIST)."""

import sys

import torch

import gan_lab
from gan_lab.data import to_unit
from gan_lab.metrics import mean_interval
from gan_lab.training import build
from gan_lab.training.sampling import generate

COUNT = 1000

run = gan_lab.load_run(sys.argv[1])
real = to_unit(build.dataset(run.config).images[:COUNT])
fake = generate(run.raw_generator, run.latents(COUNT))
fake = to_unit(fake) if fake.dtype == torch.uint8 else fake
contrasts = [images.square().mean((1, 2, 3)).sqrt().mean().item() for images in (real, fake)]
full = contrasts[0] / contrasts[1]
print(f"mean contrast (RMS of images in [-1, 1]): real {contrasts[0]:.3f}, fake {contrasts[1]:.3f}")
pictures = {"real": real, "fake": fake, f"fake, {full:.1f} times the contrast": full * fake}
for factor in (0.25, 0.5, 2.0):
    pictures[f"fake, {factor} times the contrast"] = factor * fake
pictures["grey"] = torch.zeros_like(fake)
with torch.no_grad():
    for name, images in pictures.items():
        logits = run.discriminator(images).double()
        low, high = mean_interval(logits.sigmoid()) or (0, 0)
        print(
            f"{name}: D {logits.sigmoid().mean():.4f} [{low:.4f}, {high:.4f}], logit"
            f" {logits.mean():.4f}, share with D under 1/2 {(logits < 0).double().mean():.3f}"
        )
