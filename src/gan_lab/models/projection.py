"""Labels by projection (Miyato & Koyama 2018, arXiv 1802.05637), on DCGAN's discriminator."""

from torch import Tensor, nn

from gan_lab.models.dcgan import DCGANDiscriminator
from gan_lab.models.layers import halvings, with_spectral_norm


class ProjectionDiscriminator(nn.Module):
    """(images [B, channels, image_size, image_size], labels [B]) -> logits [B].

    The logit is psi(f) + v_y . sum(f), where f [B, width, side, side] are the features before
    DCGAN's last layer, psi is that layer, the sum is over places, and each class y has learned a
    vector v_y (equation 3, with the pooling of section 4). Without `classes` it takes no labels,
    and is DCGAN's. The other arguments are those of DCGANDiscriminator.
    """

    labelled = True

    def __init__(
        self,
        ndf: int,
        image_size: int,
        channels: int,
        classes: int = 0,
        norm: str = "batch",
        activation: str = "leaky_relu",
        bias: bool = False,
        norm_first: bool = False,
        spectral_norm: bool = False,
        minibatch_std: bool = False,
    ):
        super().__init__()
        *features, last = DCGANDiscriminator(
            ndf,
            image_size,
            channels,
            norm,
            activation,
            bias,
            norm_first,
            minibatch_std=minibatch_std,
        ).layers
        self.features, self.last = nn.Sequential(*features), last
        width = ndf * 2 ** (halvings(image_size)[1] - 1) + minibatch_std
        # All v . sum(f) at once, of which a sample takes that of its label.
        self.of_classes = nn.Linear(width, classes, bias=False) if classes else None
        self.labelled = classes > 0
        if spectral_norm:
            with_spectral_norm(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        features: Tensor = self.features(images)
        if self.of_classes is None:
            plain: Tensor = self.last(features)
            return plain
        if labels is None:
            raise ValueError("a conditional discriminator needs labels beside its images")
        agreement: Tensor = self.of_classes(features.sum((2, 3))).gather(1, labels[:, None])
        logits: Tensor = agreement.squeeze(1) + self.last(features)
        return logits
