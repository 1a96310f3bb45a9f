"""What the frozen runs are asked for with."""

from pathlib import Path

GROUPS = ("model", "loss", "penalty", "dataset", "augment", "logger")
NEEDED = {  # what a choice cannot be without
    "model=point_maxout": "dataset=ring",
    "model=point_mlp": "dataset=grid",
    "dataset=ring": "model=point_mlp",
    "dataset=grid": "model=point_mlp",
    "dataset=image_folder": "folder=own",
}
SYSTEM_B = "experiment=mnist_b sweep=null"
TYPED = f"""
experiment=mnist_b
nz=7 nc=3 conv_dim=8 num_train_steps=9 data_aug=deluxe
loss_type=saturating
loss=bce label_smoothing=0.1
loss=log_d ngf=8 ndf=4
loss=wgan_gp n_critic=3 lambda_gp=5
loss=rpgan penalty=[r1,r2]
loss=rpgan penalty=[r1,r2] penalty.r1.weight=1 augment=diffaugment model=cdcgan
penalty=[gradient_penalty] model=resnet_nf
pack=2
lr_decay=linear
lr_decay=linear epochs=3
lr_decay=linear images=6400 instance_noise=0.2 instance_noise_steps=50
instance_noise=0.5
gradient_clip=1
precision=bf16
augment.load_scale=1.2 augment=flip
ema_decay=0 seed=5 weight_init=default batch_size=32 image_size=28 channels=3
beta1=0 beta2=0.9 lr=1e-3 lr_d=2e-3
model=cdcgan model.condition_d=false
model.d_norm=none model.discriminator.spectral_norm=true
model=mlp model.generator.widths=[64,64]
generator_steps=2 discriminator_steps=3
dataset=stacked_mnist image_size=28
-m seed=0,1 loss=hinge,lsgan
seeds=3 study=three
sweep=losses
sweep=latent_hidden steps=100
experiment=mnist_dcgan model.generator.bias=true model.discriminator.bias=true
experiment=mnist_dcgan latent_dim=100 hidden_dim=100
experiment=mnist_dcgan model=dcgan_relu
experiment=mnist_dcgan model=dcgan_no_bn
experiment=mnist_dcgan model=mlp
{SYSTEM_B} batch_size=12
{SYSTEM_B} ngf=64
{SYSTEM_B} ndf=256
{SYSTEM_B} lr_d=0.1
{SYSTEM_B} lr_g=0.1 lr_d=0.1
{SYSTEM_B} lr_d=2e-5 lr_g=5e-5
{SYSTEM_B} epochs=30
{SYSTEM_B} nz=1000
{SYSTEM_B} weight_init=default
{SYSTEM_B} generator_steps=0
model=dcgan hidden_dim=64 latent_dim=256 image_size=64
model=dcgan_instance conv_dim=32 image_size=64 augment=deluxe
model=dcgan_k5 hidden_dim=64 latent_dim=100 image_size=64
model=dcgan_k5 hidden_dim=64 latent_dim=100 image_size=64 loss=wgan_gp
model=dcgan_k5 hidden_dim=64 latent_dim=100 image_size=64 loss=lsgan penalty=[r1]
experiment=faces_dcgan_k5 model=dcgan_k5 loss=wgan epochs=30
"""
# The runs whose numbers and files are kept: unlike in networks, losses, data and what acts on D.
TRAINED = {
    "system_a": "hidden_dim=8",
    "conditional": "model=cdcgan loss=rpgan penalty=[r1,r2] augment=diffaugment hidden_dim=4",
    "mlp": "model=mlp model.generator.widths=[16,32] model.discriminator.widths=[32,16] "
    "loss=wgan_gp instance_noise=0.1 beta1=0 image_size=16",
    "points": "dataset=ring model=point_mlp loss=minimax pack=2 latent_dim=2",
    "spectral": "model=sngan loss=hinge lr_decay=linear augment=deluxe image_size=28 hidden_dim=4",
}
ALWAYS = (
    "study=frozen steps=20 log_every=1 sample_every=10 score_every=10 checkpoint_every=10 "
    "batch_size=16 evaluation.samples=100 evaluation.samples_during=50 "
    "logger=none threads=1 device=cpu"
)


def typed_lines(checkout: Path) -> list[str]:
    """Return every experiment, every choice in a group, and other settings that people type."""
    lines = [f"experiment={path.stem}" for path in sorted(checkout.glob("conf/experiment/*.yaml"))]
    for group in GROUPS:
        for path in sorted(checkout.glob(f"conf/{group}/*.yaml")):
            choice = f"{group}=[{path.stem}]" if group == "penalty" else f"{group}={path.stem}"
            lines.append(" ".join([choice, *NEEDED.get(choice, "").split()]))
    return lines + TYPED.strip().splitlines()
