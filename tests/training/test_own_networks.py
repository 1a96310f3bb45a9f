"""One's own network lies in the working directory, and what is wrong with it is one line."""

import sys
import textwrap

import pytest

from small_runs import FAILED, SHORT, USAGE, assert_one_line, the_run

MY_GAN = """
    from torch import nn

    class Generator(nn.Module):
        def __init__(self, latent_dim, image_size, channels):
            super().__init__()
            self.shape = channels, image_size, image_size
            self.layers = nn.Sequential(nn.Linear(latent_dim, channels * image_size**2), nn.Tanh())

        def forward(self, latents, labels=None):
            return self.layers(latents).unflatten(1, self.shape)

    class Flat(Generator):
        def forward(self, latents, labels=None):
            return self.layers(latents)

    class Mismatched(Generator):
        def forward(self, latents, labels=None):
            return latents @ self.layers[0].weight

    class Endless(Generator):
        def forward(self, latents, labels=None):
            if len(latents) == 8:  # a batch of training, not the check of shapes
                return latents.new_empty(len(latents), 1 << 45)
            return super().forward(latents)

    class ColumnOfLogits(nn.Module):
        def __init__(self, image_size, channels):
            super().__init__()
            self.layer = nn.Linear(channels * image_size**2, 1)

        def forward(self, images, labels=None):
            return self.layer(images.flatten(1))
    """


@pytest.fixture
def my_gan(tmp_path):
    (tmp_path / "my_gan.py").write_text(textwrap.dedent(MY_GAN))
    yield
    sys.modules.pop("my_gan", None)  # the next test's is another file


@pytest.mark.usefixtures("my_gan")
def test_what_takes_more_memory_than_there_is_says_what_takes_less(gan_lab_here, tmp_path):
    endless = "model.generator._target_=my_gan.Endless"
    result = gan_lab_here(endless, "batch_size=8", *SHORT)
    assert_one_line(result, FAILED, "more memory than there is", "batch_size")
    assert the_run(tmp_path).status().state == "failed"
    result = gan_lab_here("latent_dim=10000000", "ngf=10000000", *SHORT)
    assert_one_line(result, USAGE, "DCGANGenerator does not fit into memory")


@pytest.mark.usefixtures("my_gan")
def test_ones_own_model_lies_in_the_working_directory(gan_lab, gan_lab_here):
    result = gan_lab("model.generator._target_=my_gan.Generator", *SHORT)
    assert result.returncode == 0, result.stderr
    evaluate = ("evaluate", "latest", "--samples", "100")
    assert_one_line(gan_lab_here(*evaluate), USAGE, "my_gan.Generator", "--trust")
    assert gan_lab_here(*evaluate, "--trust").returncode == 0


@pytest.mark.usefixtures("my_gan")
@pytest.mark.parametrize(
    ("target", "pieces"),
    [
        ("generator._target_=my_gan.Flat", ["[2, 256]", "[2, 1, 16, 16]"]),
        ("generator._target_=my_gan.Mismatched", ["generator", "cannot be multiplied"]),
        ("discriminator._target_=my_gan.ColumnOfLogits", ["[2, 1]", "one logit an image"]),
        ("discriminator._target_=my_gan.Missing", ["my_gan.Missing", "cannot be imported"]),
        ("generator._target_=no_gan.Generator", ["no_gan.Generator", "cannot be imported"]),
        ("generator._target_=Generator", ["Generator", "write MODULE.NAME"]),
        ("generator._target_=my_gan..Generator", ["my_gan..Generator", "write MODULE.NAME"]),
        ("generator._target_=torch.nn.Identity", ["[2, 16]", "[2, 1, 16, 16]"]),
    ],
)
def test_a_model_of_wrong_shape_or_place_is_one_line(gan_lab_here, target, pieces):
    assert_one_line(gan_lab_here(f"model.{target}", *SHORT), USAGE, *pieces)
