"""Hydra's grammar of settings: what each form lists, and what is refused with what to type."""

import pytest

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import config_names
from gan_lab.config import compose, overrides
from gan_lab.config.grammar import values_of, values_of_each
from gan_lab.config.overrides import group_of
from gan_lab.jobs.sweep import compose_runs
from small_runs import USAGE, assert_one_line, config_of

# (a setting, the values that it lists), after the cases that Hydra has for its own parser,
# sweeper and launchers.
LISTS = [
    # one value: as it was typed, whatever it is
    ("seed=3", ["seed=3"]),
    ("lr=2e-4", ["lr=2e-4"]),
    ("lr=.5", ["lr=.5"]),
    ("batch_size=1_0", ["batch_size=1_0"]),
    ("restart=TRUE", ["restart=TRUE"]),
    ("channels=null", ["channels=null"]),
    ("study=week-2", ["study=week-2"]),
    ("folder=", ["folder="]),
    ("folder=/data/my images", ["folder=/data/my images"]),
    (r"folder=c:\data\a-b", [r"folder=c:\data\a-b"]),
    ("folder=${oc.env:HOME,/tmp}/x", ["folder=${oc.env:HOME,/tmp}/x"]),
    ("study='1,2,3'", ["study='1,2,3'"]),
    ('study="[a]"', ['study="[a]"']),
    ("study='it\\'s'", ["study='it\\'s'"]),
    ("study='été'", ["study='été'"]),
    ("wandb.tags=[a,'b c']", ["wandb.tags=[a,'b c']"]),
    ("wandb.tags=[]", ["wandb.tags=[]"]),
    ("model.generator={norm: batch}", ["model.generator={norm: batch}"]),
    ("+model.generator.bias=true", ["+model.generator.bias=true"]),
    ("++model.generator.norm=none", ["++model.generator.norm=none"]),
    ("~model.generator.norm", ["~model.generator.norm"]),
    # a name of a group loses its quotes and its spaces, for files are found by it
    ("loss='wgan'", ["loss=wgan"]),
    ("loss= wgan ", ["loss=wgan"]),
    ('experiment="ring"', ["experiment=ring"]),
    ("penalty=[r1,r2]", ["penalty=[r1,r2]"]),
    # functions that make one value
    ("seed=int(3.0)", ["seed=3"]),
    ("lr=float(1)", ["lr=1.0"]),
    ("study=str(10)", ["study=10"]),
    ("restart=bool(1)", ["restart=True"]),
    ("wandb.tags=str([1,2])", ["wandb.tags=[1,2]"]),
    ("wandb.tags=sort([c,a,b])", ["wandb.tags=[a,b,c]"]),
    ("wandb.tags=sort([c,a,b],reverse=true)", ["wandb.tags=[c,b,a]"]),
    ("seed=sort(3)", ["seed=3"]),
    ("experiment=str(ring)", ["experiment=ring"]),
    ("lr=float(int(3.7))", ["lr=3.0"]),
    # lists
    ("seed=0,1", ["seed=0", "seed=1"]),
    ("seed=0 , 1,\t2", ["seed=0", "seed=1", "seed=2"]),
    ("seed=-1,+2", ["seed=-1", "seed=2"]),
    ("lr=1e-4,.5", ["lr=0.0001", "lr=0.5"]),
    ("channels=null,3", ["channels=null", "channels=3"]),
    ("restart=true,false", ["restart=True", "restart=False"]),
    ("study=a b,c", [r"study=a\ b", "study=c"]),
    ("study='a,b',c", ["study='a,b'", "study=c"]),
    ("penalty=[r1],[r1,r2],[]", ["penalty=[r1]", "penalty=[r1,r2]", "penalty=[]"]),
    ("wandb.tags=[a,b],[c]", ["wandb.tags=[a,b]", "wandb.tags=[c]"]),
    ("loss='wgan',hinge", ["loss=wgan", "loss=hinge"]),
    ("+model.x=true,false", ["+model.x=True", "+model.x=False"]),
    # choice
    ("seed=choice(7)", ["seed=7"]),
    ("seed=choice ( 1 , 2 )", ["seed=1", "seed=2"]),
    ("loss=choice(wgan,'hinge')", ["loss=wgan", "loss=hinge"]),
    ("seed=choice(int(1.0),2)", ["seed=1", "seed=2"]),
    ("penalty=choice([r1],[r2])", ["penalty=[r1]", "penalty=[r2]"]),
    ("lr=float(choice(1,2))", ["lr=1.0", "lr=2.0"]),
    ("seed=int(1.5,2.5)", ["seed=1", "seed=2"]),
    # range
    ("seed=range(3)", ["seed=0", "seed=1", "seed=2"]),
    ("seed=range(1,4)", ["seed=1", "seed=2", "seed=3"]),
    ("seed=range(1,6,2)", ["seed=1", "seed=3", "seed=5"]),
    ("seed=range(start=1,stop=6,step=2)", ["seed=1", "seed=3", "seed=5"]),
    ("seed=range(3,0,-1)", ["seed=3", "seed=2", "seed=1"]),
    ("lr=range(0,1,0.25)", ["lr=0.0", "lr=0.25", "lr=0.5", "lr=0.75"]),
    ("lr=range(0.1,0.5,0.1)", ["lr=0.1", "lr=0.2", "lr=0.3", "lr=0.4"]),
    ("lr=range(1.0,0,-0.5)", ["lr=1.0", "lr=0.5"]),
    ("seed=int(range(1.0,3.0))", ["seed=1", "seed=2"]),
    # sort and tag; tags are for sweepers that there are not
    ("seed=sort(3,1,2)", ["seed=1", "seed=2", "seed=3"]),
    ("seed=sort(3,1,2,reverse=true)", ["seed=3", "seed=2", "seed=1"]),
    ("seed=sort(choice(3,1))", ["seed=1", "seed=3"]),
    ("seed=sort(range(3,0,-1))", ["seed=1", "seed=2", "seed=3"]),
    ("seed=sort(range(3),reverse=true)", ["seed=2", "seed=1", "seed=0"]),
    ("loss=sort(wgan,hinge)", ["loss=hinge", "loss=wgan"]),
    ("seed=tag(choice(1,2))", ["seed=1", "seed=2"]),
    ("seed=tag(a,b,choice(1,2))", ["seed=1", "seed=2"]),
    ("seed=tag(a,sweep=range(2))", ["seed=0", "seed=1"]),
    # glob
    ("loss=glob(w*)", ["loss=wgan", "loss=wgan_gp", "loss=wgan_lp"]),
    ("loss=glob(include=w*)", ["loss=wgan", "loss=wgan_gp", "loss=wgan_lp"]),
    ("loss=glob([hinge,w*],exclude=*_gp)", ["loss=hinge", "loss=wgan", "loss=wgan_lp"]),
    ("model=glob(dcgan_?5)", ["model=dcgan_k5"]),
    ("penalty=glob(r*)", ["penalty=r1", "penalty=r2"]),
    ("launcher=glob(seq*)", ["launcher=sequential"]),
    *[(f"{group}=glob(*)", [f"{group}={name}" for name in config_names(group_of(group))])
      for group in overrides.CHOSEN_BY_NAME],
]  # fmt: skip
# (a setting, what the one line says)
REFUSED = [
    ("lr=interval(0,1)", ["lr=interval(0,1) is an interval", "-m lr=0,1", "search"]),
    ("lr=interval(start=1e-4,end=1e-2)", ["-m lr=0.0001,0.01"]),
    ("lr=tag(log,interval(1,2))", ["is an interval", "-m lr=1,2"]),
    ("lr=int(interval(1.0,2.0))", ["is an interval", "-m lr=1,2"]),
    ("threads=4,interval(0,1)", ["threads=4,interval(0,1)", "no further list"]),
    ("loss=[{a: 1}]", ["loss=[{a: 1}]", "loss is chosen by names"]),
    ("seed=range(3,1)", ["seed=range(3,1) has no values"]),
    ("seed=range(1,3,0)", ["seed=range(1,3,0)", "step"]),
    ("lr=range(1.0,3,0.0)", ["lr=range(1.0,3,0.0)", "step"]),
    ("seed=range(0,1e12)", ["seed=range(0,1e12) has more than 10,000 values"]),
    ("lr=range(0,inf,0.5)", ["has more than 10,000 values"]),
    ("loss=glob(x*)", ["loss=glob(x*) is none of hinge, lsgan"]),
    ("loss=glob(*,exclude=*)", ["is none of hinge, lsgan"]),
    ("latent_dim=glob(*)", ["latent_dim=glob(*)", "files of model, loss"]),
    ("seed=int(inf)", ["seed=int(inf)", "infinity"]),
    ("seed=int(abc)", ["seed=int(abc)", "'abc'"]),
    ("seed=int(null)", ["seed=int(null)", "does not fit"]),
    ("restart=bool(10.x)", ["restart=bool(10.x)", "10.x"]),
    ("seed=str(range(1,3))", ["seed=str(range(1,3))", "int or float"]),
    ("seed=sort(3,str(1))", ["seed=sort(3,str(1))"]),
    ("seed=choice()", ["seed=choice()"]),
    ("seed=choice(choice(1,2))", ["seed=choice(choice(1,2))"]),
    ("seed=range(stop=3,1)", ["seed=range(stop=3,1)"]),
    ("seed=range(1,2,3,4)", ["seed=range(1,2,3,4)", "too many positional arguments"]),
    ("seed=range(a,b)", ["seed=range(a,b)", "incompatible"]),
    ("seed=choices(1,2)", ["seed=choices(1,2)", "functions are bool, choice"]),
    ("folder=my(2)", ["folder=my(2)", """write "folder='my(2)'"."""]),
    ("folder=/data/my images (2)", ["""write "folder='/data/my images (2)'"."""]),
    ("folder=[", ["""write "folder='['"."""]),
    ("folder='open", ["folder='open", "quote"]),
    ("seed=[1", ["seed=[1", "takes a number"]),
    ("seed=1,,2", ["seed=1,,2", "takes a number"]),
    ("study=[]aa", ["""write "study='[]aa'"."""]),
    ("/model=dcgan", ["/model=dcgan"]),
    ("seed=" + "[" * 300, ["seed=[[", "takes a number"]),
    ("seed=" + "[" * 2000 + "]" * 2000, ["seed=[[", "nested too deeply"]),
]


@pytest.mark.parametrize(("typed", "listed"), LISTS)
def test_a_setting_lists_its_values(typed, listed):
    assert values_of(typed) == listed


@pytest.mark.parametrize(("typed", "pieces"), REFUSED, ids=[typed[:40] for typed, _ in REFUSED])
def test_what_lists_nothing_is_one_line_that_says_what_to_type(typed, pieces):
    with pytest.raises(UsageError) as caught:
        values_of(typed)
    assert "\n" not in str(caught.value)
    for piece in pieces:
        assert piece in str(caught.value)


@pytest.mark.parametrize(
    "typed", ["1,2,3", "range(1,4)", "choice(1,2,3)", "tag(a,range(1,4))", "sort(3,1,2)"]
)
def test_what_is_shuffled_is_all_there(typed):
    assert sorted(values_of(f"seed=shuffle({typed})")) == ["seed=1", "seed=2", "seed=3"]


@pytest.mark.parametrize(("typed", "_"), LISTS)
def test_only_lists_need_the_flag(typed, _):
    is_list = len(values_of(typed)) > 1 or "choice" in typed or "glob" in typed
    if is_list:
        with pytest.raises(UsageError, match="lists several values; add -m to run each"):
            values_of_each([typed], multirun=False)
    else:
        assert values_of_each([typed], multirun=False) == [values_of(typed)]


def test_the_runs_of_a_command_have_an_end():
    with pytest.raises(UsageError, match="29,900 runs; a command has at most 10,000"):
        values_of_each(["seed=range(100)", "latent_dim=range(1,300)"], multirun=True)


# --- as commands ---------------------------------------------------------------------------------


def settings(*arguments: str) -> list[tuple[str, ...]]:
    return [job.setting for job in compose.jobs(arguments, multirun=True)]


def test_lists_make_the_product_in_the_order_that_is_typed():
    assert settings("loss=wgan,hinge", "seed=range(2)", "steps=5") == [
        ("loss=wgan", "seed=0"),
        ("loss=wgan", "seed=1"),
        ("loss=hinge", "seed=0"),
        ("loss=hinge", "seed=1"),
    ]


def test_a_glob_chooses_experiments_whose_baselines_are_run():
    assert settings("experiment=glob(*_dcgan)", "sweep=null", "seeds=1") == [
        (f"experiment={name}",) for name in config_names("experiment") if name.endswith("_dcgan")
    ]


def test_every_loss_is_run():
    jobs = compose.jobs(["loss=glob(*)"], multirun=True)
    assert [job.config.choices.loss for job in jobs] == config_names("loss")


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("loss=choice(bce,log_d)", "loss=minimax,nonsaturating"),
        ("loss='bce',wgan", "loss=minimax,wgan"),
        ("loss=sort(wgan,bce)", "loss=sort(wgan,minimax)"),
        ("launcher=choice(order)", "launcher=choice(sequential)"),
        ("augment=null,flip", "augment=none,flip"),
        ("penalty=null,[r1]", "penalty=[],[r1]"),
        ("model=dcgan.yaml,mlp.yaml", "model=dcgan,mlp"),
        ("penalty=[r1.yaml,r2.yml]", "penalty=[r1,r2]"),
        ("++latent_dim=3,4", "latent_dim=3,4"),
        ("++model=mlp", "model=mlp"),
    ],
)
def test_names_mean_the_same_in_every_form(typed, plain):
    ours, theirs = (compose.jobs([text], multirun=True) for text in (typed, plain))
    assert ours == theirs


def test_a_list_may_name_other_knobs():
    values = [job.config.lr_g for job in compose.jobs(["lr_g=${lr},1e-3", "lr=0.5"], True)]
    assert values == [0.5, 1e-3]


@pytest.mark.parametrize(
    "name", ["'mnist_capacity'", "str(mnist_capacity)", "mnist_capacity.yaml", " mnist_capacity"]
)
def test_an_experiment_is_found_however_its_name_is_written(name):
    """Which of its knobs a typed one resets is read from its file."""
    typed, plain = (
        config_of(f"experiment={one}", "hidden_dim=8") for one in (name, "mnist_capacity")
    )
    assert typed == plain


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        ("-m loss=glob(x*)", ["loss=glob(x*) is none of"]),
        ("loss=glob(w*)", ["loss=glob(w*) lists several values", "-m"]),
        ("seed=choice(1)", ["seed=choice(1) lists several values", "-m"]),
        ("lr=interval(0,1)", ["is an interval", "-m lr=0,1"]),
        ("-m experiment=null,ring", ["experiment=null,ring", "leave it out"]),
        ("-m model=null,mlp", ["a run needs a model"]),
        ("--cfg job gradient_clip=choice(1,2)", ["gradient_clip=choice(1,2)", "choose one"]),
        ("--cfg job loss=wgan,hinge", ["loss=wgan,hinge", "choose one"]),
        ("--cfg job -m seed=1", ["leave out -m"]),
        ("--cfg", ["--cfg"]),
        ("-sc", ["gan-lab -sc install=bash"]),
        ("-sc loss=wgan", ["gan-lab -sc install=bash"]),
        ("loss=wgan -sc query=bash", ["gan-lab -sc install=bash"]),
        ("--cfg nothing", ["--cfg", "job", "hydra", "all"]),
        ("--info nothing", ["--info", "defaults", "searchpath"]),
        ("--cfg job --nothing", ["--nothing"]),
        ("--cfg job nothing", ["'nothing'", "KEY=VALUE"]),
        # the knob that was typed is named
        ("wandb.tags=one", ["wandb.tags=one", "wandb.tags=[one]"]),
        ("wandb.tags=[[a]]", ["gan-lab: wandb.tags"]),
        ("wandb.tags=${nothing}", ["gan-lab: wandb.tags=${nothing}: ", "'nothing'"]),
        ("wandb.project=${nothing} logger=both", ["gan-lab: wandb.project=${nothing}: "]),
        ("lr=${lr_g}", ["gan-lab: lr=${lr_g}: "]),
    ],
)
def test_a_command_that_cannot_be_done_starts_nothing(gan_lab_here, tmp_path, command, pieces):
    assert_one_line(gan_lab_here(*command.split()), USAGE, *pieces)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("-m seed=1", True),
        ("-m", True),
        ("-m loss=choice(wgan)", True),
        ("seed=1", False),
        ("-m seed=1,2", False),
        ("-m seeds=2", False),
        ("-m sweep=seeds", False),
    ],
)
def test_a_sweep_of_nothing_says_so(capsys, command, said):
    compose_runs(command.split())
    assert ("-m has nothing to vary" in capsys.readouterr().out) is said


def test_explain_explains_each_value(gan_lab_here):
    out = gan_lab_here("explain", "loss=glob(w*)").stdout
    assert "loss=wgan\n" in out and "loss=wgan_gp\n" in out
