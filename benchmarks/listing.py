"""What it takes to list 200,000 files, as this version does and as version 0.1 did.

    python benchmarks/listing.py [FILES]

Makes a folder with 20 class folders of empty files in a temporary place, and lists it by turns in
both ways: with the rules of version 0.1 (endings), and with those of today (endings, content where
these say nothing, system folders, counts of what is left out). The ratio is that of the medians of
CPU times, whose spread busy neighbours move least; with the classes and the held-out images it is
that of all that a start does before the cache is found.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from timing import machine, table

from gan_lab.data.files.listing import fingerprint, list_folder
from gan_lab.data.folder_layout import read_layout
from gan_lab.data.holdout import every, stratified

FILES, CLASSES, ROUNDS = 200_000, 20, 9
Once = Callable[[], object]


def fill(top: Path, count: int) -> None:
    for number in range(CLASSES):
        (top / f"class_{number}").mkdir()
    for index in range(count):
        (top / f"class_{index % CLASSES}" / f"{index:07d}.jpg").touch()


def start_of_version_01(top: Path) -> None:
    """List, hash, label by the folder at the top, hold out every tenth."""
    files = list_folder(top, 1).files
    fingerprint(files)
    folders = [file.name.rpartition("/")[0].partition("/")[0] for file in files]
    numbers = {name: number for number, name in enumerate(sorted(set(folders)))}
    _ = [numbers[name] for name in folders], every(len(files), 10)


def start_of_today(top: Path) -> None:
    """List, hash, find splits and classes, hold out a tenth of each class."""
    files = list_folder(top, 2).files
    fingerprint(files)
    found = read_layout(files)
    stratified(len(found.files), 10, found.labels)


def seconds(call: Once) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def compare(before: Once, now: Once) -> list[str]:
    """Return both medians and their ratio, with the least and largest ratio of a round."""
    rounds = [(seconds(before), seconds(now)) for _ in range(ROUNDS)]
    medians = [statistics.median(times) for times in zip(*rounds, strict=True)]
    ratios = [later / first for first, later in rounds]
    ratio = f"{medians[1] / medians[0]:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return [*(f"{median:.2f} s" for median in medians), ratio]


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        top = Path(place)
        fill(top, count)
        listing = compare(partial(list_folder, top, 1), partial(list_folder, top, 2))
        whole = compare(partial(start_of_version_01, top), partial(start_of_today, top))
    print(f"`python benchmarks/listing.py`, {count:,} files, {machine()}; CPU time\n")
    rows = [["listing", *listing], ["listing, hash, classes, held-out images", *whole]]
    print(table(["", "version 0.1", "today", "ratio"], rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else FILES)
