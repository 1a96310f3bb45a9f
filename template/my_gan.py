"""Two networks. The generator maps latents to images, the discriminator images to logits."""

from torch import Tensor, nn


class Generator(nn.Module):
    """Latents [B, latent_dim] to images [B, channels, image_size, image_size] in [-1, 1]."""

    def __init__(self, latent_dim: int, channels: int, image_size: int, width: int = 16):
        super().__init__()
        self.start = (2 * width, image_size // 4, image_size // 4)
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 2 * width * (image_size // 4) ** 2),
            nn.Unflatten(1, self.start),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, kernel_size=4, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, channels, kernel_size=4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, latents: Tensor) -> Tensor:
        return self.layers(latents)


class Discriminator(nn.Module):
    """Images [B, channels, image_size, image_size] to logits [B]: no sigmoid at the end."""

    def __init__(self, channels: int, image_size: int, width: int = 16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * width * (image_size // 4) ** 2, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).squeeze(1)
