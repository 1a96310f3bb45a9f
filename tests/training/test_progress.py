"""What a training says of how far it is."""

from gan_lab.training.display.progress import Lines


def test_losses_of_an_earlier_step_are_told_as_such(capsys):
    lines = Lines(0, 3)
    for step, line in [(1, {}), (2, {"step": 2, "loss/d": 1.25, "loss/g": 0.5}),
                       (3, {"step": 2, "loss/d": 1.25, "loss/g": 0.5})]:  # fmt: skip
        lines.update(step, line)
    none, own, earlier = capsys.readouterr().out.splitlines()
    assert "loss" not in none
    assert own.endswith("loss D 1.250  loss G 0.500")
    assert earlier.endswith("loss D 1.250  loss G 0.500  (step 2)")
