"""FID is torch-fidelity's, to 1e-5; shown with seeded random weights: the real ones are 91 MB."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch_fidelity
from torch_fidelity import feature_extractor_inceptionv3 as original

from gan_lab.common.errors import RunError
from gan_lab.data import digits, with_channels
from gan_lab.evaluation.extractors import inception
from gan_lab.metrics import frechet_from_features

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> tuple[str, str]:
    """A file of random Inception weights, and its sha256."""
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        patch.setattr(original, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(original.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        network = original.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
        torch.save(network.state_dict(), path)
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest()


class Images(torch.utils.data.Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


@pytest.mark.slow
# torch-fidelity loads with four processes, whatever the cores.
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
def test_fid_is_torch_fidelitys(weights):
    path, sha256 = weights
    real = digits(image_size=32).images[:24]
    fake = torch.roll(digits(image_size=32, split="test").images[:16], 3, dims=-1)
    extractor = inception(CPU, path, sha256, download=False)
    ours = frechet_from_features(extractor.extract(real)[0], extractor.extract(fake)[0])
    theirs = torch_fidelity.calculate_metrics(
        input1=Images(with_channels(fake, 3)),
        input2=Images(with_channels(real, 3)),
        fid=True,
        cuda=False,
        feature_extractor="inception-v3-compat",
        feature_extractor_weights_path=path,
        verbose=False,
    )
    assert ours == pytest.approx(theirs["frechet_inception_distance"], rel=1e-5)


def test_other_weights_are_refused(weights):
    path, sha256 = weights
    with pytest.raises(RunError, match="not the file that FID is defined by"):
        inception(CPU, path, "0" * 64, download=False)
    with pytest.raises(RunError, match="--inception-weights"):
        inception(CPU, path + ".gone", sha256, download=False)


@pytest.mark.slow
def test_evaluate_scores_fid_from_a_local_file(weights, tmp_path):
    path, sha256 = weights
    gan_lab = Path(sys.executable).with_name("gan-lab")
    environment = {**os.environ, "GAN_LAB_CACHE": str(tmp_path / "cache")}
    for command in (
        "steps=2 logger=none image_size=16 evaluation.samples=20",
        f"evaluate latest --scores fid --inception-weights {path} --inception-sha256 {sha256}",
    ):
        arguments = [gan_lab, *command.split()]
        subprocess.run(arguments, cwd=tmp_path, env=environment, check=True)
    (evaluations,) = tmp_path.glob("runs/*/*/evaluations.jsonl")
    lines = [json.loads(line) for line in evaluations.read_text().splitlines()]
    fids = {line["protocol"]["weights"]: line for line in lines if line["score"] == "fid"}
    assert fids.keys() == {"ema", "raw"}
    assert fids["ema"]["protocol"]["sha256"] == sha256
    assert fids["ema"]["value"] > fids["ema"]["floor"] > 0
