"""Which optimizer a player has, and its hash: Adam counts as if there were no choice."""

import pytest
from omegaconf import OmegaConf

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory, config_names
from gan_lab.config.checks import check_fit
from gan_lab.config.compose import jobs
from gan_lab.config.identity import result_hash
from gan_lab.config.run_config import as_content, read_config
from gan_lab.config.trust import is_trustworthy
from small_runs import config_of

NAMES = config_names("optimizer")


def hash_of(settings: str) -> str:
    return result_hash(config_of(*settings.split()))


def optimizers(settings: str) -> tuple[str, str]:
    config = config_of(*settings.split())
    for name, spec in zip(
        config.choices.optimizers, (config.optimizer_g, config.optimizer_d), strict=True
    ):
        file = OmegaConf.load(conf_directory() / "optimizer" / f"{name}.yaml")
        assert spec.target == file["_target_"]
    return config.choices.optimizers


@pytest.mark.parametrize("name", NAMES)
def test_one_name_is_of_both_players(name):
    assert optimizers(f"optimizer={name}") == (name, name)
    assert hash_of(f"optimizer={name}") == hash_of(f"optimizer_g={name} optimizer_d={name}")


@pytest.mark.parametrize(
    ("file", "typed", "expected"),
    [
        ("", "", ("adam", "adam")),
        ("", "optimizer_d=sgd", ("adam", "sgd")),
        ("", "optimizer=rmsprop optimizer_d=sgd", ("rmsprop", "sgd")),
        ("", "optimizer=rmsprop optimizer_d=null", ("rmsprop", "rmsprop")),
        ("  - override /optimizer: rmsprop", "", ("rmsprop", "rmsprop")),
        ("  - override /optimizer: rmsprop", "optimizer=adam", ("adam", "adam")),
        ("  - override /optimizer: rmsprop", "optimizer_g=adam", ("adam", "rmsprop")),
        ("  - override /optimizer@optimizer_d: sgd", "", ("adam", "sgd")),
        # what is typed of both is stronger than what a file says of one
        ("  - override /optimizer@optimizer_d: sgd", "optimizer=adamw", ("adamw", "adamw")),
        ("  - override /optimizer@optimizer_d: sgd", "optimizer_g=adamw", ("adamw", "sgd")),
        ("  - override /optimizer@optimizer_d: sgd", "optimizer_d=null", ("adam", "adam")),
    ],
)
def test_the_stronger_layer_and_in_it_the_player_holds(experiment, file, typed, expected):
    experiment(f"defaults:\n{file}\n" if file else "")
    assert optimizers(f"experiment=trial {typed}".strip()) == expected


def test_arguments_are_of_both_or_of_one_player():
    config = config_of("optimizer=rmsprop", "optimizer.alpha=0.9", "optimizer_g.momentum=0.5")
    assert config.optimizer_g.arguments == {"alpha": 0.9, "momentum": 0.5}
    assert config.optimizer_d.arguments == {"alpha": 0.9, "momentum": 0.0}
    own = config_of("optimizer.weight_decay=0.1", "optimizer_d=sgd")
    assert own.optimizer_g.get("weight_decay") == 0.1
    assert own.optimizer_d.get("weight_decay") is None


def test_a_sweep_takes_optimizers_and_their_arguments():
    made = [job.config for job in jobs(["optimizer=adam,rmsprop", "optimizer_d=sgd,null"], True)]
    assert [config.choices.optimizers for config in made] == [
        *(("adam", "sgd"), ("adam", "adam"), ("rmsprop", "sgd"), ("rmsprop", "rmsprop"))
    ]
    made = [job.config for job in jobs(["optimizer=rmsprop", "optimizer.alpha=0.9,0.99"], True)]
    assert [config.optimizer_d.get("alpha") for config in made] == [0.9, 0.99]


# --- the hash ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        *("optimizer=adam", "optimizer_g=adam", "optimizer.weight_decay=0", "optimizer.eps=1e-8"),
        "optimizer_d.amsgrad=false",
    ],
)
def test_adam_as_it_was_before_there_was_a_choice_is_not_hashed(settings):
    assert hash_of(settings) == hash_of("")


def test_any_other_optimizer_is_hashed_with_its_arguments():
    others = [
        *(f"optimizer={name}" for name in NAMES if name != "adam"),
        *("optimizer_g=rmsprop", "optimizer_d=rmsprop", "optimizer.weight_decay=0.1"),
        *("optimizer_g.weight_decay=0.1", "optimizer_d.weight_decay=0.1"),
        "optimizer=rmsprop optimizer.alpha=0.9",
    ]
    assert len({hash_of(settings) for settings in ["", *others]}) == 1 + len(others)


def test_betas_are_hashed_where_an_optimizer_has_them(experiment):
    experiment("beta1: 0.3")
    typed = "experiment=trial sweep=null"
    assert hash_of("") != hash_of(typed)
    assert hash_of("optimizer=rmsprop") == hash_of(f"{typed} optimizer=rmsprop")
    assert hash_of("optimizer_g=rmsprop") != hash_of(f"{typed} optimizer_g=rmsprop")
    assert hash_of("optimizer=adamw") != hash_of("optimizer=adamw beta2=0.9")


@pytest.mark.parametrize("settings", ["", "beta1=0 beta2=0.9"])
def test_a_config_from_before_there_was_a_choice_is_of_adam(settings):
    config = config_of(*settings.split())
    content = as_content(config)
    for player in ("optimizer_g", "optimizer_d"):
        del content[player]
    del content["choices"]["optimizer"]
    assert read_config(content) == config


@pytest.mark.parametrize("name", NAMES)
def test_config_yaml_tells_the_optimizers(name):
    config = config_of(f"optimizer_d={name}")
    assert read_config(as_content(config)) == config


# --- what does not fit ---------------------------------------------------------------------------


@pytest.mark.parametrize("beta", ["beta1=0", "beta2=0.9"])
def test_a_beta_of_no_optimizer_is_refused(beta):
    key = beta.partition("=")[0]
    for optimizer in ("rmsprop", "sgd"):
        with pytest.raises(UsageError) as refused:
            config_of(f"optimizer={optimizer}", beta)
        assert f"{optimizer} has no betas; leave {key} out" in str(refused.value)
    assert config_of("optimizer_d=sgd", beta).optimizer_g.get("betas")  # those of G
    with pytest.raises(UsageError, match="has no betas"):
        jobs(["optimizer=sgd", f"sweep={{cases:[{{{beta.replace('=', ':')}}}]}}"], False)


def test_the_betas_of_an_experiment_give_way():
    config = config_of("experiment=mnist_dcgan", "optimizer=rmsprop")
    assert not config.has_betas


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("optimizer=adamm", "unknown optimizer 'adamm'"),
        ("optimizer_d=adamm", "unknown optimizer 'adamm'"),
        ("optimizer=null", "a run needs an optimizer: optimizer=NAME, with NAME from adam, "),
        ("~optimizer", "a run needs an optimizer"),
        ("optimizer=[adam]", "choices.optimizer_g is None"),
    ],
)
def test_what_is_no_optimizer_is_one_line(setting, reason):
    with pytest.raises(UsageError) as refused:
        config_of(setting)
    assert reason in str(refused.value) and "\n" not in str(refused.value)


def test_a_rate_beside_the_rates_is_refused():
    with pytest.raises(UsageError, match="the learning rate is lr_g"):
        check_fit(config_of("optimizer.lr=0.1"))


def test_a_name_where_a_file_has_settings_is_refused(experiment):
    experiment("optimizer_d: sgd")
    with pytest.raises(UsageError, match=r"optimizer_d=sgd .*defaults"):
        config_of("experiment=trial")


def test_a_run_may_name_any_optimizer_of_torch_and_nobodys_code():
    content = as_content(config_of())
    for name in ("SGD", "Adafactor", "Muon"):  # the last two are in no module of their own
        content["optimizer_g"] = {"_target_": f"torch.optim.{name}"}
        assert is_trustworthy(content)
    for target in ("os.system", "torch.optim.lr_scheduler.LRScheduler", "torch.load"):
        content["optimizer_g"] = {"_target_": target}
        assert not is_trustworthy(content)


def test_the_optimizer_of_the_papers_authors_is_offered_to_a_clipped_critic():
    (remark,) = check_fit(config_of("loss=wgan"))
    assert "optimizer=rmsprop lr=5e-5" in remark
    assert check_fit(config_of("loss=wgan", "optimizer=rmsprop")) == []
