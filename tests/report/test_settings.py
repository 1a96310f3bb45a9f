"""Settings are told apart by what differs between the runs, and called by it."""

import shutil
from pathlib import Path

import yaml

from gan_lab.report.collect import collect
from gan_lab.report.settings import compare
from gan_lab.report.study import Study
from gan_lab.runs.directory import Run
from study_files import edit_config, finished


def test_what_varies_is_a_column_and_what_does_not_is_said_once(study):
    settings = compare(collect([str(study)], Path("nowhere")).runs)
    assert settings.columns == ["hidden_dim", "lr"]  # and neither ngf nor lr_g, which follow
    assert set(settings.of_run.values()) == {("4", "0.0002"), ("8", "0.0002"), ("4", "1e+30")}
    constants = settings.constants
    assert constants["latent_dim"] == "16" and constants["num_train_steps"] == "40"
    assert constants["batch_size"] == "16" and "seed" not in constants and "pack" not in constants


def test_specific_knobs_and_arguments_of_networks_are_columns_where_they_differ(copy):
    first, second, third, fourth = finished(copy)
    edit_config(first, ngf=4, ndf=8)
    for directory in (third, fourth):
        config = yaml.safe_load((directory / "config.yaml").read_text())
        config["model"]["generator"]["activation"] = "leaky_relu"
        (directory / "config.yaml").write_text(yaml.safe_dump(config))
    runs = collect([str(path) for path in (first, second, third, fourth)], Path("nowhere")).runs
    columns = compare(runs).columns
    assert "hidden_dim" not in columns and {"ngf", "ndf"} & {*columns}
    assert "model.generator.activation" in columns


def test_runs_of_one_setting_are_called_by_what_was_trained(copy):
    runs = collect([str(path) for path in finished(copy)[:1]], Path("nowhere")).runs
    settings = compare(runs)
    assert [settings.label(setting) for setting in settings.ordered()] == [
        "dcgan, nonsaturating, digits"
    ]


def test_cases_are_called_by_what_they_change_and_grids_by_everything(copy, tmp_path):
    first, *_ = finished(copy)

    def labels(name, *changes):
        folder = tmp_path / name
        for index, change in enumerate(changes):
            target = folder / f"dcgan-nonsaturating-digits-s0-{index:08x}"
            shutil.copytree(first, target, ignore=shutil.ignore_patterns("checkpoints"))
            edit_config(target, **change)
        study = Study(collect([str(folder)], Path("nowhere")))
        return [study.settings.label(setting) for setting in study.look.order], study.constants()

    called, said = labels("cases", {}, {"pack": 2}, {"instance_noise": 0.5}, {"lr": 1e-3,
                          "lr_g": 1e-3, "lr_d": 1e-3})  # fmt: skip
    assert sorted(called) == ["baseline", "instance_noise 0.5", "lr 0.001", "pack 2"]
    assert said.endswith("departs from the baseline: lr = 0.0002, instance_noise = 0, pack = 1.")
    grid = [{"latent_dim": a, "pack": b, "instance_noise": c}
            for a in (1, 2) for b in (1, 2) for c in (0, 0.5)]  # fmt: skip
    called, said = labels("grid", *grid)
    assert called[0] == "latent_dim 1, instance_noise 0, pack 1" and "baseline" not in said
    assert len({*called}) == 8


def test_a_setting_is_called_by_the_label_that_its_runs_share_alone(copy):
    def labels() -> set[str]:
        settings = compare(collect([str(copy)], Path("nowhere")).runs)
        return {settings.label(setting) for setting in settings.ordered()}

    def label(directory: Path, words: str) -> None:
        content = yaml.safe_load((directory / "config.yaml").read_text())
        content["runtime"]["label"] = words
        (directory / "config.yaml").write_text(yaml.safe_dump(content))

    wide = [path for path in finished(copy) if Run(path).config().hidden_dim == 8]
    narrow = [path for path in finished(copy) if path not in wide]
    label(wide[0], "ours")
    assert "ours" not in labels()  # the other seed has none
    label(wide[1], "ours")
    assert "ours" in labels()
    for directory in narrow:
        label(directory, "ours")
    assert "ours" not in labels()  # of two settings it would tell none
