"""What TensorBoard gets, read back from its event files."""

import json

import numpy as np
import pytest
from PIL import Image

from gan_lab.runs.directory import Run
from small_runs import FEW_SAMPLES, FEW_SCORES, the_run

pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")

QUICK = (
    *("log_every=1", "sample_every=2", "score_every=2", "checkpoint_every=2"),
    *("hidden_dim=8", "threads=1", *FEW_SAMPLES, FEW_SCORES),
)


def events(run: Run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(run.tensorboard), size_guidance={"images": 0, "scalars": 0})
    found.Reload()
    return found


def scalars(found, name: str) -> dict[int, float]:
    events = found.Scalars(name)
    values = {event.step: event.value for event in events}
    assert len(values) == len(events), f"{name} has a step twice"
    return values


def test_it_gets_the_scalars_pictures_and_scores_of_the_run(gan_lab_here, tmp_path):
    result = gan_lab_here("logger=tensorboard", "steps=4", *QUICK)
    assert result.returncode == 0, result.stderr
    assert "tensorboard --logdir" in result.stdout
    run = the_run(tmp_path)
    found, metrics = events(run), run.metrics()
    for name in ("loss/d", "loss/g", "d/real", "grad_norm/g", "images"):
        expected = {line["step"]: line[name] for line in metrics}
        assert scalars(found, name) == pytest.approx(expected)
    assert [*scalars(found, "score/fd_classifier")] == [2, 4]
    final = run.final_scores()["fd_classifier"]
    assert scalars(found, "evaluation/ema/fd_classifier") == {4: pytest.approx(final)}
    (*_, picture) = found.Images("samples")
    assert [image.step for image in found.Images("samples")] == [2, 4]
    (tmp_path / "theirs.png").write_bytes(picture.encoded_image_string)
    theirs, ours = (np.asarray(Image.open(path).convert("RGB"))
                    for path in (tmp_path / "theirs.png", run.sample_path(4)))  # fmt: skip
    assert np.array_equal(theirs, ours)
    assert [image.step for image in found.Images("interpolation")] == [4]
    census = run.modes("ema").found
    assert scalars(found, "modes/unsure") == {4: pytest.approx(census.unsure.share)}
    (words,) = found.Tensors("modes/text_summary")
    text = words.tensor_proto.string_val[0].decode()
    assert census.conclusion in text and text.count("\n| ") >= len(census.classes)


def test_a_resumed_run_goes_on_in_the_same_curves(gan_lab_here, tmp_path):
    for steps in (2, 4):
        result = gan_lab_here("logger=tensorboard", f"steps={steps}", *QUICK)
        assert result.returncode == 0, result.stderr
    run = the_run(tmp_path)
    expected = {line["step"]: line["loss/d"] for line in run.metrics()}
    assert [*expected] == [1, 2, 3, 4]
    assert scalars(events(run), "loss/d") == pytest.approx(expected)


def test_both_loggers_get_the_same(gan_lab_here, tmp_path):
    result = gan_lab_here("logger=both", "steps=2", *QUICK)
    assert result.returncode == 0, result.stderr
    assert "W&B offline" in result.stdout and "TensorBoard" in result.stdout
    run = the_run(tmp_path)
    assert [*scalars(events(run), "loss/g")] == [1, 2]
    assert list((tmp_path / "runs" / "wandb").glob("offline-run-*/run-*.wandb"))
    assert json.loads(run.tracker_path.read_text())["mode"] == "offline"


def test_without_tensorboard_it_is_said_in_one_line(gan_lab_here, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    result = gan_lab_here("logger=tensorboard", "steps=2", *QUICK)
    assert result.returncode == 2
    assert "pip install 'gan-lab[tensorboard]'" in result.stderr


def test_its_hparams_page_knows_the_settings_and_the_score(gan_lab_here, tmp_path):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    result = gan_lab_here("logger=tensorboard", "steps=2", "latent_dim=9", *QUICK)
    assert result.returncode == 0, result.stderr
    found = events(the_run(tmp_path)).PluginTagToContent("hparams")
    told = {tag: HParamsPluginData.FromString(content) for tag, content in found.items()}
    (started,) = [one.session_start_info for one in told.values()
                  if one.HasField("session_start_info")]  # fmt: skip
    assert started.hparams["latent_dim"].number_value == 9
    assert started.hparams["loss"].string_value == "nonsaturating"
    (experiment,) = [one.experiment for one in told.values() if one.HasField("experiment")]
    assert [info.name.tag for info in experiment.metric_infos] == ["score/fd_classifier"]
