"""Settings of Hydra's own that would do nothing here, and what to type in their place."""

from gan_lab.common.errors import UsageError

ALLOWED = ("hydra.searchpath",)  # where configs of your own are

PLACE = "runs lie in RUNS_DIR/STUDY: type runs_dir={value}, and study=NAME for the folder below it"
LOGGING = "what a run logs is logger=none, wandb, tensorboard or both, and how often log_every=50"
AT_ONCE = "several runs at once: type launcher=parallel n_jobs=2"
SLURM = "jobs of a cluster: type launcher=slurm"
SEARCH = "type search=losses trials=30 (`gan-lab search --help`)"
NOTHING = "leave it out (`gan-lab --cfg job` prints the settings that there are)"

# A choice in a group of Hydra's -> what to do. `*`: any other choice.
CHOICES = {
    "hydra/launcher": {
        "basic": "one run after another: type launcher=sequential",
        "slurm": SLURM,
        "submitit_slurm": SLURM,
        "*": AT_ONCE,
    },
    "hydra/sweeper": {"basic": "-m and a list of values make a sweep: leave it out", "*": SEARCH},
    "hydra/job_logging": {"*": LOGGING},
    "hydra/hydra_logging": {"*": LOGGING},
}
# A setting, or how several begin (the first that fits holds) -> what to do with its {value}.
SETTINGS = {
    "hydra.run.dir": PLACE,
    "hydra.sweep.dir": PLACE,
    "hydra.sweep.subdir": "a run's folder is named by its settings, that above by study=NAME",
    "hydra.runtime.output_dir": PLACE,
    "hydra.output_subdir": "config.yaml is in the folder of each run: leave it out",
    "hydra.job.chdir": "no run changes the folder: leave it out, or type runs_dir=DIR",
    "hydra.job.name": "type study={value}",
    "hydra.job.env_set.": "type {key}={value} before gan-lab",
    "hydra.job.": NOTHING,
    "hydra.mode": "-m makes a sweep, and without it there is one run: leave it out",
    "hydra.job_logging": LOGGING,
    "hydra.hydra_logging": LOGGING,
    "hydra.verbose": LOGGING,
    "hydra.launcher.n_jobs": "type launcher=parallel n_jobs={value}",
    "hydra.launcher.array_parallelism": "type launcher=slurm launcher.n_jobs={value}",
    "hydra.launcher.partition": "type launcher=slurm launcher.partition={value}",
    "hydra.launcher.timeout_min": "type launcher=slurm launcher.timeout_min={value}",
    "hydra.launcher.cpus_per_task": "type launcher=slurm launcher.cpus_per_task={value}",
    "hydra.launcher.gpus_per_node": "type launcher=slurm launcher.gpus_per_node={value}",
    "hydra.launcher.mem_gb": "type launcher=slurm launcher.mem_gb={value}",
    "hydra.launcher": AT_ONCE,
    "hydra.sweeper.n_trials": "type search=losses trials={value}",
    "hydra.sweeper.direction": "type search=losses search.direction={value}",
    "hydra.sweeper.n_jobs": "type launcher=parallel n_jobs={value}",
    "hydra.sweeper.max_batch_size": "type launcher=parallel n_jobs={value}",
    "hydra.sweeper.study_name": "type study={value}",
    "hydra.sweeper.sampler.seed": "type search=losses seed={value}",
    "hydra.sweeper.params.": "type -m {key}={value}",
    "hydra.sweeper": SEARCH,
}


def refuse_hydra(key: str, value: str | None) -> None:
    """Raise UsageError for a setting of Hydra's own, with what to type in its place."""
    if not key.startswith(("hydra.", "hydra/")) and key != "hydra":
        return
    if key in ALLOWED:
        return
    typed = key if value is None else f"{key}={value}"
    raise UsageError(f"{typed} does nothing here. {_advice(key, value or '')}.")


def _advice(key: str, value: str) -> str:
    if key in CHOICES:
        text = CHOICES[key].get(value, CHOICES[key]["*"])
    else:
        begins = next((begin for begin in SETTINGS if key.startswith(begin)), "")
        text = SETTINGS.get(begins, NOTHING).format(
            value=value if value and "$" not in value else "VALUE", key=key.removeprefix(begins)
        )
    return text[0].upper() + text[1:] if not text.startswith("-") else text
