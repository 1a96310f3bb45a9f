"""Networks: generators map latents to images in [-1, 1], discriminators map images to logits."""

from gan_lab.models.conditional import LabelledDiscriminator, LabelledGenerator, call
from gan_lab.models.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_lab.models.dcgan_k5 import DCGANK5Discriminator, DCGANK5Generator
from gan_lab.models.initialise import initialise
from gan_lab.models.layers import parameter_count
from gan_lab.models.mlp import MLPDiscriminator, MLPGenerator
from gan_lab.models.points import MaxoutDiscriminator, PointDiscriminator, PointGenerator
from gan_lab.models.projection import ProjectionDiscriminator
from gan_lab.models.resnet_nf import ResNetNFDiscriminator, ResNetNFGenerator

__all__ = [
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DCGANK5Discriminator",
    "DCGANK5Generator",
    "LabelledDiscriminator",
    "LabelledGenerator",
    "MLPDiscriminator",
    "MLPGenerator",
    "MaxoutDiscriminator",
    "PointDiscriminator",
    "PointGenerator",
    "ProjectionDiscriminator",
    "ResNetNFDiscriminator",
    "ResNetNFGenerator",
    "call",
    "initialise",
    "parameter_count",
]
