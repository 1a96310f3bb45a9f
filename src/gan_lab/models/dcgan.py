"""Deep convolutional GAN (Radford et al. 2016, arXiv 1511.06434), any size that halves to 4-7."""

from torch import Tensor, nn

from gan_lab.models.layers import (
    LogitFromImage,
    MinibatchStd,
    ProjectLatents,
    check_names,
    doubling,
    halvings,
    norm_and_activation,
    with_spectral_norm,
)


class DCGANGenerator(nn.Module):
    """Latents [B, latent_dim] -> images [B, channels, image_size, image_size] in [-1, 1].

    `ngf` is the number of channels before the last layer; they double at each halving of the side
    below that. `resize_convolution`: pixels are repeated and then convolved, where DCGAN has
    transposed convolutions (Odena et al. 2016, "Deconvolution and checkerboard artifacts"). Raises
    ValueError for a size that no stack of halvings reaches.
    """

    def __init__(
        self,
        latent_dim: int,
        ngf: int,
        image_size: int,
        channels: int,
        norm: str = "batch",
        activation: str = "relu",
        bias: bool = False,
        resize_convolution: bool = False,
    ):
        super().__init__()
        base, count = halvings(image_size)
        widths = [ngf * 2**level for level in reversed(range(count))]
        layers: list[nn.Module] = [ProjectLatents(latent_dim, widths[0], base, bias)]
        for width, next_width in zip(widths, [*widths[1:], channels], strict=True):
            layers += norm_and_activation(norm, activation, width)
            layers += doubling(width, next_width, bias, resize_convolution)
        self.layers = nn.Sequential(*layers, nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        images: Tensor = self.layers(latents)
        return images


class DCGANDiscriminator(nn.Module):
    """Images [B, channels, image_size, image_size] -> logits [B].

    `ndf` is the number of channels after the first layer; they double at each halving of the side.
    The first layer has no norm unless `norm_first`. `minibatch_std`: the last layer also sees how
    much the batch varies. Raises ValueError for a size that no stack of halvings reaches.
    """

    def __init__(
        self,
        ndf: int,
        image_size: int,
        channels: int,
        norm: str = "batch",
        activation: str = "leaky_relu",
        bias: bool = False,
        norm_first: bool = False,
        spectral_norm: bool = False,
        minibatch_std: bool = False,
    ):
        super().__init__()
        check_names(norm, activation)  # the first layer, which may be the only one, has no norm
        base, count = halvings(image_size)
        widths = [ndf * 2**level for level in range(count)]
        layers: list[nn.Module] = []
        for level, width in enumerate(widths):
            previous = widths[level - 1] if level else channels
            layers += [nn.Conv2d(previous, width, 4, stride=2, padding=1, bias=bias)]
            layers += norm_and_activation(
                norm if level or norm_first else "none", activation, width
            )
        layers += [MinibatchStd()] if minibatch_std else []
        width = widths[-1] + minibatch_std
        self.layers = nn.Sequential(*layers, LogitFromImage(width, base, bias))
        if spectral_norm:
            with_spectral_norm(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits
