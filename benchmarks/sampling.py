"""Sampling, features and Fréchet distances: python benchmarks/sampling.py [--quick]"""

import sys

from gan_lab.common.threads import wait_briefly

wait_briefly()  # for both sides, before torch is imported

import torch
import workloads
from timing import cpu_seconds, interleave, machine, table
from workloads import COLOUR, SMALL, Workload

from gan_lab.evaluation.classifier import classify, load_mnistcnn_v1
from gan_lab.metrics import frechet, moments
from gan_lab.training.rng import normal_at
from gan_lab.training.sampling import generate, sample_latents


def samplers(workload: Workload, count: int) -> dict:
    """Return how both sides draw `count` images: ours, and the plain network in eval mode."""
    state = workloads.ours(workload, workloads.images(workload))
    plain = workloads.theirs(workload).g.eval()

    @torch.no_grad()
    def peer() -> list[torch.Tensor]:
        shape = (count, workload.latent_dim, 1, 1)
        return [plain(latents) for latents in torch.randn(shape).split(workload.batch_size)]

    return {
        "peer": peer,
        "gan_lab": lambda: generate(state.generator, sample_latents(0, count, workload.latent_dim)),
    }


def main(quick: bool) -> None:
    torch.set_num_threads(1)
    rounds, seconds = (3, 1.0) if quick else (9, 3.0)
    rows = []
    for workload, count in ((SMALL, 2000), (COLOUR, 128)):
        timing = interleave(samplers(workload, count), cpu_seconds, rounds, seconds)
        rates = [f"{count / timing.median(name):,.0f}" for name in ("gan_lab", "peer")]
        ratio = f"{timing.ratio('peer', 'gan_lab'):.2f}"
        rows.append([f"sampling, {workload.title}", *rates, ratio])
    classifier = load_mnistcnn_v1()
    digits = torch.randint(0, 256, (2000, 1, 28, 28), dtype=torch.uint8)
    features = {"mnistcnn": lambda: classify(classifier, digits)}
    timing = interleave(features, cpu_seconds, rounds, seconds)
    rows.append(
        ["features of mnistcnn-v1, float64", f"{2000 / timing.median('mnistcnn'):,.0f}", "", ""]
    )
    real = moments(normal_at(0, "samples", (10_000, 64)))
    fake = normal_at(1, "samples", (10_000, 64))
    timing = interleave({"frechet": lambda: frechet(real, moments(fake))}, cpu_seconds, rounds, 0.5)
    rows.append(
        ["Fréchet distance, 64 features, real side kept",
         f"{10_000 / timing.median('frechet'):,.0f}", "", ""]
    )  # fmt: skip
    print("## Sampling and scoring\n")
    print(f"`python benchmarks/sampling.py{' --quick' if quick else ''}`, {machine()}; images a")
    print(f"CPU second, medians of {rounds} interleaved rounds.\n")
    print(table(["what", "gan_lab images/s", "peer images/s", "gan_lab / peer"], rows))


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
