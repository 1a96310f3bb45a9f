"""A sweep is the list of runs that its YAML says, below what is typed and above the experiment."""

import pytest
from omegaconf import OmegaConf

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory, using_folders
from gan_lab.config import compose
from gan_lab.config.identity import run_directory
from gan_lab.config.sweep import as_typed, label_of, sweep_points
from small_runs import config_of, knobs_of

SWEEPS = sorted(path.stem for path in (conf_directory() / "sweep").glob("*.yaml"))
EXPERIMENTS = sorted(path.stem for path in (conf_directory() / "experiment").glob("*.yaml"))
BASE_B = {
    "latent_dim": 100,
    "ngf": 32,
    "ndf": 32,
    "lr_g": 5e-4,
    "lr_d": 2e-4,
    "weight_init": "custom",
}


def jobs(*settings: str) -> list[compose.Composed]:
    return compose.jobs([text for text in settings if text != "-m"], "-m" in settings)


def values(key: str, *settings: str) -> list:
    return [
        OmegaConf.select(OmegaConf.create(knobs_of(job.config)), key) for job in jobs(*settings)
    ]


def test_a_grid_is_a_product_and_cases_are_a_list():
    grid = {"grid": {"a": [1, 2], "b": ["x", None]}}
    cases = {"cases": [{}, {"a": 1}, {"a": 1, "b": True}]}
    assert sweep_points(grid) == [
        {"a": "1", "b": "x"},
        {"a": "1", "b": "null"},
        {"a": "2", "b": "x"},
        {"a": "2", "b": "null"},
    ]
    assert sweep_points(cases) == [{}, {"a": "1"}, {"a": "1", "b": "true"}]
    both = sweep_points({"grid": {"c": [3, 4]}, "cases": [{}, {"a": 1}]})
    assert both == [{"c": "3"}, {"c": "4"}, {"a": "1", "c": "3"}, {"a": "1", "c": "4"}]
    assert sweep_points(None) == [{}]


@pytest.mark.parametrize(
    "sweep",
    [
        *({}, {"gird": {}}, [1], {"grid": {"a": 3}}, {"grid": {"a": []}}, {"cases": ["a=1"]}),
        *({"cases": [{"experiment": "mnist_b"}]}, {"grid": {"seeds": [1, 2]}}),
    ],
)
def test_what_is_no_sweep_is_one_line(sweep):
    with pytest.raises(UsageError) as caught:
        sweep_points(sweep)
    assert "\n" not in str(caught.value)


def test_labels_of_a_sweep_call_its_points():
    cases = [{}, {"ngf": 64}, {"lr_d": 0.1, "lr_g": 0.1}, {"lr_d": 0.1}, {"nz": 8, "ngf": 64}]
    labels = {"": "baseline", "ngf=64": "wide", "lr_d=0.1 lr_g=0.1": "both high"}
    sweep = {"cases": cases, "labels": labels}
    told = [label_of(sweep, point) for point in sweep_points(sweep)]
    assert told == ["baseline", "wide", "both high", None, "wide, nz 8"]
    assert label_of({"grid": {"nz": [8]}, "labels": {"latent_dim=8": "few"}}, {"latent_dim": "8"})
    assert label_of(None, {"ngf": "64"}) is label_of({"cases": cases}, {}) is None


@pytest.mark.parametrize("labels", [[1], {"ngf=64": 3}, {"ngf": "wide"}])
def test_what_is_no_label_is_one_line(labels):
    with pytest.raises(UsageError, match=r"labels|'ngf'"):
        label_of({"cases": [{"ngf": 64}], "labels": labels}, {"ngf": "64"})


def test_a_label_is_of_the_run_and_not_of_its_hash(tmp_path, monkeypatch):
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "own.yaml").write_text(
        "grid: {ngf: [16, 64]}\nlabels: {ngf=64: wide $x$ <b>}\n", encoding="utf-8"
    )
    with using_folders([tmp_path]):
        plain, wide = jobs("sweep=own")
        (typed,) = jobs("sweep=own", "ngf=64", "label=mine")
    assert (plain.config.runtime.label, wide.config.runtime.label) == (None, "wide $x$ <b>")
    assert typed.config.runtime.label == "mine"
    assert run_directory(typed.config) == run_directory(wide.config)


@pytest.mark.parametrize("value", ["a b", "a,b", "x=1", "[", "it's", ""])
def test_any_text_survives_the_command_line(value):
    (job,) = jobs(f"folder={as_typed(value)}")
    assert job.config.runtime.folder == value


@pytest.mark.parametrize("sweep", SWEEPS)
def test_every_sweep_is_of_several_runs(sweep):
    made = jobs(f"sweep={sweep}")
    directories = {run_directory(job.config) for job in made}
    assert len(directories) == len(made) > 1


@pytest.mark.parametrize(
    "experiment",
    [name if place % 5 == 0 else pytest.param(name, marks=pytest.mark.slow)
     for place, name in enumerate(EXPERIMENTS)],
)  # fmt: skip
def test_a_sweep_combines_with_every_experiment(experiment):
    assert len(jobs("sweep=weight_init", f"experiment={experiment}", "seeds=1")) == 2


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_longest_sweep_combines_with_every_experiment(experiment):
    assert len(jobs("sweep=capacity", f"experiment={experiment}", "seeds=1")) == 7


# The values of systems A and B, by hand.
@pytest.mark.parametrize(
    ("sweep", "cases"),
    [
        ("capacity", [{}, *({knob: n} for knob in ("ngf", "ndf") for n in (64, 128, 256))]),
        ("latent", [{"latent_dim": n} for n in (10, 100, 1000)]),
        (
            "learning_rate",
            [
                *({}, {"lr_d": 0.1}, {"lr_g": 0.1}, {"lr_d": 0.1, "lr_g": 0.1}),
                *({"lr_d": 2e-5, "lr_g": 5e-5}, {"lr_d": 2e-6, "lr_g": 5e-6}),
            ],
        ),
        ("weight_init", [{}, {"weight_init": "default"}]),
    ],
)  # fmt: skip
def test_the_sweeps_of_system_b(sweep, cases):
    made = jobs("experiment=mnist_b", f"sweep={sweep}")
    assert [{key: knobs_of(job.config)[key] for key in BASE_B} for job in made] == [
        BASE_B | case for case in cases
    ]


def test_the_four_runs_of_system_a():
    made = jobs("experiment=mnist_dcgan", "sweep=latent_hidden")
    sizes = [(job.config.latent_dim, job.config.ngf, job.config.ndf) for job in made]
    assert sizes == [(16, 16, 16), (16, 100, 100), (100, 16, 16), (100, 100, 100)]


def test_groups_can_be_swept():
    assert [job.config.choices.loss for job in jobs("sweep=losses")] == [
        *("nonsaturating", "minimax", "lsgan", "wgan", "wgan_gp", "hinge", "rpgan")
    ]
    models = [job.config.choices.model for job in jobs("sweep=modules")]
    assert models == ["dcgan", "dcgan_relu", "dcgan_no_bn", "mlp"]


# --- layers: experiment, sweep, command line -----------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # the sweep beats the experiment: a general knob resets the experiment's specific ones
        ("sweep={grid:{hidden_dim:[8,9]}}", [(8, 8), (9, 9)]),
        ("sweep={grid:{ngf:[8,9]}}", [(8, 5), (9, 5)]),
        ("sweep={grid:{nz:[8,9]}}", [(4, 5), (4, 5)]),
        # the command line beats the sweep
        ("sweep={grid:{ngf:[8,9]}} ngf=7", [(7, 5)]),
        ("sweep={grid:{ngf:[8,9],ndf:[1,2]}} ngf=7", [(7, 1), (7, 2)]),
        ("sweep={grid:{ngf:[8,9]}} hidden_dim=7", [(7, 7)]),
        ("sweep={grid:{hidden_dim:[8,9]}} ngf=7", [(7, 8), (7, 9)]),
        ("-m sweep={grid:{ngf:[8,9]}} ndf=1,2", [(8, 1), (9, 1), (8, 2), (9, 2)]),
        ("-m sweep={grid:{ngf:[8,9]}} ngf=1,2", [(1, 5), (2, 5)]),
        ("sweep={cases:[{},{ngf:8},{ndf:8}]} ngf=7", [(7, 5), (7, 8)]),
    ],
)
def test_a_sweep_is_a_layer(experiment, settings, expected):
    experiment("ngf: 4\nndf: 5")
    made = jobs("-m", "experiment=trial", *settings.split())  # -m: for the commas inside {}
    assert [(job.config.ngf, job.config.ndf) for job in made] == expected


def test_what_a_typed_setting_replaces_is_known():
    beaten = {text for job in jobs("sweep=capacity", "ngf=64") for text in job.beaten}
    assert beaten == {"ngf=64", "ngf=128", "ngf=256"}


def test_a_typed_length_beats_that_of_a_case(experiment):
    experiment("sweep: {cases: [{steps: 7, beta1: 0}, {epochs: 2}]}")
    made = jobs("experiment=trial", "images=64")
    assert [
        (job.config.runtime.steps, job.config.runtime.images, job.config.beta1) for job in made
    ] == [
        (None, 64, 0),
        (None, 64, 0.5),
    ]


def test_a_study_names_its_sweep_and_needs_no_m(experiment):
    experiment("defaults:\n  - override /sweep: latent\nstudy: mine\nsteps: 7")
    assert values("latent_dim", "experiment=trial") == [10, 100, 1000]
    assert values("latent_dim", "experiment=trial", "sweep=null") == [16]
    assert values("latent_dim", "experiment=trial", "sweep=weight_init") == [16, 16]
    experiment("seeds: 2\nsweep: {cases: [{}, {latent_dim: 3}]}")
    assert values("latent_dim", "experiment=trial") == [16, 16, 3, 3]
    assert values("seed", "experiment=trial", "seed=4") == [4, 5, 4, 5]
    assert values("ngf", "experiment=trial", "sweep=capacity", "seeds=1")[:2] == [16, 64]


# --- seeds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "seeds"),
    [
        ("seeds=3", [0, 1, 2]),
        ("seeds=3 seed=5", [5, 6, 7]),
        ("seeds=1", [0]),
        ("sweep=seeds", [0, 1, 2, 3, 4]),
        ("sweep=seeds seeds=2", [0, 1]),
        ("sweep=seeds seed=3", [3]),
        ("sweep=weight_init seeds=2", [0, 1, 0, 1]),
        ("-m seeds=2 latent_dim=3,4", [0, 1, 0, 1]),
    ],
)
def test_seeds_fan_out(settings, seeds):
    assert values("seed", *settings.split()) == seeds


@pytest.mark.parametrize("settings", ["seeds=0", "-m seed=0,1 seeds=2", "seeds=two"])
def test_seeds_that_cannot_be(settings):
    with pytest.raises(UsageError, match="seed"):
        jobs(*settings.split())


def test_a_run_is_the_same_alone_or_in_a_sweep():
    alone = config_of("latent_dim=100", "seed=1")
    inside = [job.config for job in jobs("sweep=latent", "seeds=2")]
    assert alone in inside
    launched = jobs("latent_dim=100", "seed=1", "launcher=parallel", "n_jobs=3")[0]
    assert launched.config == alone
