"""What was found in a folder and how it was taken: for people who look before they train."""

from collections.abc import Iterator
from dataclasses import dataclass

FEWEST_LEVELS = 8  # of 256, under which images are all but one grey
QUARTER = 64


@dataclass(frozen=True)
class FolderFacts:
    """How a folder became a dataset; a run's first lines and `gan-lab explain` say it."""

    layout: str  # where classes and splits are from
    held_out: str  # which images are test images
    left_out: tuple[str, ...] = ()  # what lies in the folder and is not used
    crop: str = ""  # what is lost by cutting to squares; empty if nothing is
    levels: tuple[int, int] | None = None  # lowest and highest of all bytes
    alike: bool = False  # all images are the same
    without_training: tuple[str, ...] = ()  # classes of which no image is trained on

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what is worth a line before a run starts, each with a heading."""
        yield "layout", self.layout
        yield "held out", self.held_out
        for text in self.left_out:
            yield "left out", text
        if self.crop:
            yield "crop", self.crop
        for text in self.warnings():
            yield "warning", text

    def warnings(self) -> Iterator[str]:
        """Yield what makes a training useless, as far as the images tell."""
        if self.alike:
            yield "all images are the same"
        if self.levels is not None:
            lowest, highest = self.levels
            span = highest - lowest
            if span < QUARTER:
                share = "8" if span < FEWEST_LEVELS else "a quarter"
                yield (
                    f"levels go from {lowest} to {highest}, which is under {share} of the 256 that "
                    "there are: scale the images first"
                )
        for name in self.without_training:
            yield f"class {name!r} has no training image: nothing can be learned of it"
