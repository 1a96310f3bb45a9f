"""What people type for a knob, a choice or a verb of ours: tables, and how a word is looked up.

The words are those of papers, of PyTorch's DCGAN example and of other GAN programs. They are no
synonyms: a typed one is answered with what to type. {value} is the value that was typed.
"""

import difflib
from collections.abc import Iterable, Mapping

from gan_lab.common.errors import closest
from gan_lab.common.paths import config_names
from gan_lab.common.text import letters
from gan_lab.config.overrides import CHOSEN_BY_NAME, RUNNING_SYNONYMS, SYNONYMS
from gan_lab.config.schema import Config

AGAIN = "The same command again goes on with a run, from its newest checkpoint."
NO_WORKERS = "The data are in memory and need no workers; threads={value} sets the threads."
SCORED = "`gan-lab evaluate latest --scores {value}`"

# What to type (or a sentence) -> words for it.
SETTINGS = {
    # optimisation
    "lr={value}": "learning_rate base_lr lrate learn_rate",
    "lr_g={value}": "g_lr gen_lr generator_lr lr_gen lr_generator learning_rate_g g_learning_rate",
    "lr_d={value}": "d_lr disc_lr discriminator_lr critic_lr lr_disc lr_discriminator "
                    "learning_rate_d d_learning_rate",
    "beta1={value}": "b1 adam_beta1 adam_b1",
    "beta2={value}": "b2 adam_beta2 adam_b2",
    "lr_decay={value}": "scheduler lr_scheduler lr_schedule decay",
    "lr_decay=cosine": "cosine cosine_annealing cosineannealinglr",
    "optimizer={value}": "optim optimiser opt solver",
    "optimizer=adamw optimizer.weight_decay={value}": "weight_decay wd l2_reg",
    "optimizer=sgd optimizer.momentum={value}": "momentum sgd_momentum",
    "ema_decay={value}": "ema ema_beta ema_rate",
    "gradient_clip={value}": "grad_clip max_grad_norm clip_grad clip_grad_norm",
    "precision=bf16": "amp fp16 bf16 half mixed_precision",
    "batch_size={value}": "bs batch minibatch minibatch_size train_batch_size",
    # networks
    "latent_dim={value}": "z_dim z_size dim_z latent_size latent noise_dim noise_size z_channels",
    "hidden_dim={value}": "width base_channels n_filters num_filters features nf hidden_size",
    "ngf={value}": "g_dim g_channels features_g gen_features gf_dim ngf_dim",
    "ndf={value}": "d_dim d_channels features_d disc_features df_dim ndf_dim",
    "channels={value}": "img_channels image_channels num_channels in_channels c_dim",
    "image_size={value}": "img_size imsize img_dim image_dim resolution image_resolution crop_size",
    "weight_init={value}": "init initializer init_type weights_init",
    "model={value}": "net network arch architecture gan gan_type model_name model_type",
    "model=sngan": "spectral_norm spectral_normalization use_sn sn",
    "model=cdcgan": "conditional class_cond cond cgan",
    "model.generator.norm={value}": "norm norm_layer batch_norm bn",
    # losses and regularisation
    "loss={value}": "criterion objective gan_mode gan_loss adv_loss loss_fn loss_function",
    "lambda_gp={value}": "gp_weight gp_lambda lambda_term gp_coef gp_coeff gp",
    "penalty=[gradient_penalty]": "gradient_penalty use_gp",
    "loss.clip={value}": "clip clip_value weight_clip weight_clipping clip_weights",
    "loss.discriminator_steps={value}": "critic_iters critic_steps d_iters d_steps n_dis n_disc "
                                        "disc_steps num_d_steps",
    "loss.generator_steps={value}": "g_steps g_iters gen_steps n_gen",
    "label_smoothing={value}": "smoothing label_smooth one_sided_label_smoothing smooth",
    "instance_noise={value}": "noise noise_std input_noise",
    "stop_on_collapse=true": "early_stopping early_stop",
    # length, and what is done on the way
    "epochs={value}": "niter n_epochs num_epochs max_epochs epoch",
    "steps={value}": "iterations iters num_iters num_iterations max_steps n_steps "
                     "num_steps train_steps total_steps max_iter iter",
    "log_every={value}": "log_interval print_every print_freq log_freq display_every",
    "sample_every={value}": "sample_interval save_image_every sample_freq save_samples_every",
    "score_every={value}": "eval_every fid_every eval_interval eval_freq",
    "checkpoint_every={value}": "save_every save_interval save_freq ckpt_every checkpoint_interval",
    "evaluation.samples={value}": "n_samples num_samples samples num_eval_samples fid_samples",
    SCORED: "score scores metric metrics",
    "`gan-lab evaluate latest --scores fid`": "fid compute_fid",
    # data
    "dataset={value}": "data dataset_name",
    "data_root={value}": "data_dir data_path data_folder root",
    "dataset=image_folder folder={value}": "image_dir images_dir image_folder img_dir image_path",
    "augment={value}": "augmentation augmentations transform transforms data_augmentation",
    "bad_images=skip": "skip_bad skip_bad_images ignore_errors",
    NO_WORKERS: "workers num_workers n_workers dataloader_workers",
    # where and how it runs
    "device=cuda": "ngpu gpu gpus cuda use_cuda gpu_id gpu_ids num_gpus",
    "threads={value}": "num_threads n_threads cpus n_cpus",
    "runs_dir={value}": "outf out output output_dir out_dir save_dir save_path results_dir "
                        "log_dir checkpoint_dir ckpt_dir exp_dir",
    "study={value}": "name run_name exp_name experiment_name group",
    "seed={value}": "manual_seed random_seed rng_seed",
    "seeds={value}": "repeats n_seeds num_seeds num_runs n_runs",
    "restart=true": "overwrite force from_scratch",
    "from={value}": "pretrained pretrained_path init_from finetune from_pretrained "
                    "load load_from load_model warm_start",
    "debug=true": "fast_dev_run dev smoke smoke_test",
    AGAIN: "resume continue continue_train checkpoint ckpt restore resume_from netg netd",
    "`gan-lab plan`": "dry_run",
    "launcher=parallel n_jobs={value}": "jobs num_jobs parallel processes nproc",
    "search=losses trials={value}": "n_trials num_trials max_trials",
    "wandb.project={value}": "project wandb_project",
    "wandb.entity={value}": "entity wandb_entity",
    "wandb.tags=[{value}]": "tags tag wandb_tags",
    "logger=wandb": "use_wandb log_wandb",
    "logger=none": "no_wandb nolog",
    "logger=tensorboard": "tensorboard tb use_tensorboard",
}  # fmt: skip
CHOICES = {
    "model": {
        "model=mlp": "gan vanilla vanilla_gan fc fully_connected",
        "model=cdcgan": "cgan conditional conditional_dcgan conditional_gan",
        "model=sngan": "sn_dcgan spectral_norm",
        "model=resnet_nf": "resnet resnet_gan",
    },
    "loss": {
        "loss=nonsaturating": "gan vanilla ns nsgan bce_loss bcewithlogits bcewithlogitsloss "
                              "binary_cross_entropy cross_entropy ce logistic log_trick",
        "loss=minimax": "original standard sgan",
        "loss=lsgan": "ls mse l2 least_squares mse_loss",
        "loss=wgan": "wasserstein w w_loss emd",
        "loss=wgan_gp": "gp wasserstein_gp improved_wgan",
        "loss=hinge": "hinge_loss",
        "loss=rpgan": "relativistic rgan ragan rsgan",
        "loss=rpgan penalty=[r1,r2]": "r3gan",
    },
    "penalty": {
        "penalty=[gradient_penalty]": "gp wgan_gp lambda_gp",
        "penalty=[r1]": "zero_centered zero_gp r1_regularization",
    },
    "dataset": {
        "dataset=cifar10": "cifar",
        "dataset=fashion_mnist": "fashion fmnist",
        "dataset=image_folder folder=PATH": "folder images custom own imagefolder",
        "dataset=ring": "gaussians 8gaussians mog gmm points",
        "dataset=grid": "25gaussians",
        "dataset=celeba": "celeb celebrities",
        "dataset=flowers": "oxford_flowers flowers102",
        "dataset=digits": "sklearn load_digits",
    },
    "logger": {
        "logger=none": "false no off disabled csv json",
        "logger=wandb": "true on yes weights_and_biases wb",
        "logger=tensorboard": "tb",
    },
    "augment": {
        "augment=none": "false no off",
        "augment=flip": "true hflip horizontal_flip random_flip",
        "augment=diffaugment": "diffaug da",
    },
    "launcher": {
        "launcher=parallel n_jobs=2": "joblib multiprocessing loky ray processes",
        "launcher=slurm": "submitit sbatch cluster submitit_slurm",
        "launcher=sequential": "local serial basic",
    },
    "optimizer": {
        "optimizer=rmsprop": "rms rms_prop",
        "optimizer=sgd optimizer.momentum=0.9": "momentum nesterov",
    },
    "lr_decay": {
        "lr_decay=cosine": "cosineannealinglr cosine_annealing cos",
        "lr_decay=linear": "linearlr lambdalr true",
        "lr_decay=none": "false no off constant null",
    },
    "sweep": {"sweep=learning_rate": "lr lrs", "sweep=latent": "nz z_dim latent_dim"},
    "search": {"search=losses trials=30": "optuna tpe bayes random grid true"},
    # of knobs
    "wandb": {"logger=none": "false no off null", "logger=wandb": "true yes on"},
    "precision": {"precision=bf16": "fp16 float16 half amp 16 16_mixed bfloat16 mixed",
                  "precision=fp32": "float32 32 full float"},
    "weight_init": {"weight_init=custom": "normal gaussian dcgan",
                    "weight_init=default": "pytorch kaiming xavier"},
    "channels": {"channels=1": "gray grey grayscale greyscale l", "channels=3": "rgb color colour"},
    "device": {"device=cuda": "gpu gpu0 cuda0 0"},
}  # fmt: skip
VERBS = {
    "`gan-lab runs`": "list ls status ps history",
    "`gan-lab train`": "run start fit",
    AGAIN: "resume continue",
    "from=RUN": "finetune",
    "debug=true": "debug smoke",
    "`gan-lab evaluate latest`": "eval score fid test metrics benchmark",
    "`gan-lab sample latest`": "generate gen draw infer",
    "`gan-lab interpolate latest`": "interp walk latent_walk",
    "`gan-lab report scratch`": "compare summary plot html results show",
    "`gan-lab plan`": "dry_run",
    "`gan-lab search=losses trials=30`": "tune hpo optimize optuna",
    "`gan-lab -m seed=0,1`": "multirun",
    "`gan-lab pack latest`": "zip share archive",
    "`gan-lab export latest`": "convert onnx save",
    "`gan-lab explain model=dcgan`": "describe docs doc info",
    "`gan-lab modes latest`": "coverage count",
    "`gan-lab verify latest`": "reproduce check",
    "`gan-lab --version`": "version",
}


def meant_setting(key: str, value: str | None, known: Iterable[str]) -> str:
    """Return what is said beside a key that is no setting; `known` are those that are."""
    known = list(known)
    same = {letters(one): one for one in known}
    if found := same.get(letters(key)):
        return f" Did you mean {found}={value or 'VALUE'}?"
    if text := _words(SETTINGS).get(letters(key)):
        return _said(text, value)
    root, _, last = key.rpartition(".")
    if root and root.partition(".")[0] not in known:
        return meant_setting(last, value, known)
    return closest(key, known)


def meant_value(key: str, value: str) -> str:
    """Return what is said beside a value that a knob or a group does not have."""
    text = _words(CHOICES.get(key, {})).get(letters(value))
    return _said(text, None) if text else ""


def unknown_choice(group: str, name: str, options: Iterable[str]) -> str:
    """Return the one line that answers a name that a group does not have."""
    options = list(options)
    same = [one for one in options if letters(one) == letters(name)]
    advice = "" if same else meant_value(group, name) or _kinds(name)
    return (
        f"unknown {group} {name!r}.{advice or closest(name, options)} "
        f"Choose from {', '.join(options)}."
    )


def meant_verb(word: str, verbs: Iterable[str]) -> str:
    """Return what is said beside a word that is no verb."""
    if text := _words(VERBS).get(letters(word)):
        return _said(text, None)
    if near := difflib.get_close_matches(word.lower(), list(verbs), n=1):
        return f" Did you mean {near[0]!r}?"
    homes = _homes(word)
    return f" Did you mean {' or '.join(homes)}?" if homes else ""


def meant_flag(flag: str, following: str) -> str:
    """Return what is said beside a flag that there is not; `following` is the next argument."""
    name, _, value = flag.lstrip("-").partition("=")
    if not value and following and not following.startswith("-") and "=" not in following:
        value = following
    key = name.replace("-", "_")
    known = [*Config.__dataclass_fields__, *SYNONYMS, *RUNNING_SYNONYMS]
    if key in known:
        return f" Did you mean {key}={value or 'true'}?"
    return meant_setting(key, value, known)


def _kinds(name: str) -> str:
    """Say of which groups a name is."""
    kinds = [f"{_article(home.partition('=')[0])}: {home}" for home in _homes(name)]
    return f" It is {', and '.join(kinds)}." if kinds else ""


def _homes(name: str) -> list[str]:
    """Return GROUP=NAME for each group that has a name, be it in other letters."""
    found = []
    for group in CHOSEN_BY_NAME:
        for one in config_names(group):
            if letters(one) == letters(name):
                found.append(f"penalty=[{one}]" if group == "penalty" else f"{group}={one}")
    return found


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _said(text: str, value: str | None) -> str:
    """Write advice: a sentence as it is, what is to be typed as a question."""
    text = text.replace("{value}", value or "VALUE")
    return f" {text}" if text.endswith(".") else f" Did you mean {text}?"


def _words(table: Mapping[str, str]) -> dict[str, str]:
    return {letters(word): text for text, words in table.items() for word in words.split()}
