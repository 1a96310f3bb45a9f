"""How a folder of images is laid out: which of its folders are splits, and which are classes."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gan_lab.data.files.listing import File, printable

SPLITS = {
    "train": re.compile(r"(train|training|trn)"),
    "test": re.compile(r"(test|testing|tst)"),
    "valid": re.compile(r"(val|valid|validation|validate|dev|eval|evaluation)"),
}
# Words that say nothing about what is in a folder: train_images beside testing_set, val2017.
FILLERS = {"", "set", "data", "dataset", "images", "image", "imgs", "img", "split", "folder"}
ATTACHED = re.compile(r"(set|data|images?|imgs?|split)$")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)

Folders = tuple[str, ...]


@dataclass(frozen=True)
class FolderLayout:
    """Which files are used, with labels and split by name if there are any."""

    files: Sequence[File]
    labels: list[int] | None
    classes: tuple[str, ...]
    tests: list[bool] | None  # None: the folder has no splits
    words: str
    split_words: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)  # reason -> number of images


@dataclass(frozen=True)
class _Splits:
    """The folders of one level that are splits, by name, and what each is: train, test or valid."""

    level: int  # 0: above the classes; 1: in each class
    roles: Mapping[str, str]

    @property
    def held_out(self) -> str | None:
        """What is tested on: validation images only where there is no test split."""
        return next((role for role in ("test", "valid") if role in self.roles.values()), None)

    @property
    def words(self) -> str:
        """Which folders are trained and tested on."""
        held_out = [name for name, role in self.roles.items() if role == self.held_out]
        trained = [name for name in self.roles if name not in held_out]
        return f"{_and(held_out)}, by name; {_and(trained)} to train on"

    def trains(self, role: str | None) -> bool:
        return role is not None and role != self.held_out


@dataclass(frozen=True)
class _Folders:
    """The folders that images lie in, each once, below those that all of them lie in."""

    files: Sequence[File]
    places: Sequence[int]  # of each file, the number of its folder
    below: Sequence[Folders]
    shared: Folders


def read_layout(files: Sequence[File]) -> FolderLayout:
    """Return how files are laid out, by the names of their folders.

    Goes down through folders that stand alone. Folders called train and test (or val, ...) are
    splits; the folders below them are classes, if there are several and no image lies beside them.
    """
    names = [file.name.rpartition("/")[0] for file in files]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    paths = [tuple(name.split("/")) if name else () for name in numbers]
    shared = _shared(paths)
    places = [numbers[name] for name in names]
    folders = _Folders(files, places, [path[len(shared) :] for path in paths], shared)
    splits = _find_splits(folders.below)
    return _with_splits(folders, splits) if splits else _without_splits(folders)


def class_order(name: str) -> tuple[bool, float, str]:
    """Sort numbers as numbers, before all other names."""
    is_number = NUMBER.fullmatch(name) is not None
    return not is_number, float(name) if is_number else 0.0, name


def _without_splits(folders: _Folders) -> FolderLayout:
    firsts = [folder[0] if folder else "" for folder in folders.below]
    names, count = set(firsts), len(folders.files)
    way = f"; {_path(folders.shared)} is the only folder at its place" if folders.shared else ""
    if "" in names or len(names) < 2:
        loose = sum(not firsts[place] for place in folders.places)
        beside = f": {_images(loose)} beside the folders" if 0 < loose < count else ""
        return FolderLayout(folders.files, None, (), None, f"no classes{beside}{way}")
    numbers, classes = _numbered(firsts)
    labels = [numbers[firsts[place]] for place in folders.places]
    words = f"classes are the {len(classes)} folders {_in(folders.shared)}{way}"
    return FolderLayout(folders.files, labels, classes, None, words)


def _with_splits(folders: _Folders, splits: _Splits) -> FolderLayout:
    below = folders.below
    firsts = _classes_of(below, splits)
    roles = [_role_of(folder, splits) for folder in below]
    learned = {name for name, role in zip(firsts, roles, strict=True) if role == "train"}
    labelled = "" not in learned and len(learned) > 1
    if labelled:
        splits = _in_classes(splits, below, firsts, learned)
        roles = [_role_of(folder, splits) for folder in below]
        learned |= {name for name, role in zip(firsts, roles, strict=True) if splits.trains(role)}
    reasons = [
        _why_unused(folder, splits, name, learned if labelled else {name})
        for folder, name in zip(below, firsts, strict=True)
    ]
    used = [(file, place) for file, place in zip(folders.files, folders.places, strict=True)
            if not reasons[place]]  # fmt: skip
    numbers, classes = _numbered(learned) if labelled else ({}, ())
    where = "below them" if splits.level == 0 else "above them"
    kind = f"classes are the {len(classes)} folders {where}" if labelled else "no classes"
    held_out = splits.held_out
    return FolderLayout(
        files=[file for file, _ in used],
        labels=[numbers[firsts[place]] for _, place in used] if labelled else None,
        classes=classes,
        tests=[roles[place] == held_out for _, place in used] if held_out else None,
        words=f"splits are the folders {_and(splits.roles)} {_in(folders.shared)}; {kind}",
        split_words=splits.words,
        left_out=Counter(reasons[place] for place in folders.places if reasons[place]),
    )


def _why_unused(folder: Folders, splits: _Splits, name: str, classes: Collection[str]) -> str:
    """Return why images of a folder, of the class `name`, are left out; "" if they are not."""
    if _role_of(folder, splits) is None:
        split = folder[splits.level] if len(folder) > splits.level else ""
        if _role(split):
            return f"in {printable(split)}/, which has none of the classes"
        return f"beside the folders {_and(splits.roles)}"
    if name in classes:
        return ""
    if not name:
        return "of no class, beside the class folders"
    return f"of class {printable(name)!r}, which has no training image"


def _find_splits(below: Sequence[Folders]) -> _Splits | None:
    """Return the level at which folders are called train and test, or train and val."""
    top = _split_roles({folder[0] for folder in below if folder})
    if top:
        return _Splits(0, top)
    seconds = {folder[1] if len(folder) > 1 else "" for folder in below}
    inner = _split_roles(seconds)
    return _Splits(1, inner) if inner and inner.keys() == seconds else None


def _split_roles(names: Iterable[str]) -> dict[str, str]:
    """Return what names stand for, if training images and others are told apart by them.

    What they have beside the word is alike (seg_train, seg_test), or says nothing (test_images);
    of several such families none is taken.
    """
    families: dict[str, dict[str, str]] = {}
    for name in names:
        if (found := _role(name)) is not None:
            role, rest = found
            families.setdefault(rest, {})[name] = role
    whole = [roles for roles in families.values() if {"train"} < set(roles.values())]
    return whole[0] if len(whole) == 1 else {}


def _role(name: str) -> tuple[str, str] | None:
    """Return the split that a name has one word for, and its other words."""
    words = [ATTACHED.sub("", word) for word in re.findall("[a-z]+", name.lower())]
    roles = [role for word in words for role, said in SPLITS.items() if said.fullmatch(word)]
    if len(roles) != 1:
        return None
    said = SPLITS[roles[0]]
    rest = [word for word in words if not said.fullmatch(word) and word not in FILLERS]
    return roles[0], " ".join(rest)


def _role_of(folder: Folders, splits: _Splits) -> str | None:
    return splits.roles.get(folder[splits.level]) if len(folder) > splits.level else None


def _classes_of(below: Sequence[Folders], splits: _Splits) -> list[str]:
    """Return the class folder of each image, "" for those in none and for those in no split."""
    if splits.level == 1:
        return [folder[0] for folder in below]
    groups: dict[str, list[Folders]] = {name: [] for name in splits.roles}
    for folder in below:
        if _role_of(folder, splits):
            groups[folder[0]].append(folder[1:])
    depths = _depths(groups)
    classes = []
    for folder in below:
        inner = folder[1 + depths[folder[0]] :] if _role_of(folder, splits) else ()
        classes.append(inner[0] if inner else "")
    return classes


def _in_classes(
    splits: _Splits, below: Sequence[Folders], firsts: Sequence[str], classes: set[str]
) -> _Splits:
    """Return the splits that have images in classes: labels of others are for nobody to see."""
    pairs = zip(below, firsts, strict=True)
    sorted_in = {folder[splits.level] for folder, name in pairs if folder and name in classes}
    roles = {name: role for name, role in splits.roles.items() if name in sorted_in}
    return _Splits(splits.level, roles)


def _depths(groups: Mapping[str, Sequence[Folders]]) -> dict[str, int]:
    """Return how many folders that stand alone are gone down through below each split."""
    alone = {name: _shared(folders) for name, folders in groups.items()}
    if all(alone.values()):  # train/train/CLASS beside test/test/CLASS
        return {name: len(folders) for name, folders in alone.items()}
    return {
        name: len(folders) if folders and set(map(str.lower, folders)) <= FILLERS else 0
        for name, folders in alone.items()
    }


def _shared(folders: Sequence[Folders]) -> Folders:
    """Return the folders that all files lie in."""
    if not folders:
        return ()
    first, last = min(folders), max(folders)
    count = 0
    while count < min(len(first), len(last)) and first[count] == last[count]:
        count += 1
    return first[:count]


def _numbered(names: Iterable[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return the number of each class, in their order, and the classes."""
    ordered = sorted(set(names), key=class_order)
    return {name: number for number, name in enumerate(ordered)}, tuple(map(printable, ordered))


def _in(shared: Folders) -> str:
    return f"in {_path(shared)}" if shared else "at the top"


def _path(folders: Folders) -> str:
    return printable("/".join(folders)) + "/"


def _and(names: Iterable[str]) -> str:
    return " and ".join(f"{printable(name)}/" for name in sorted(names))


def _images(count: int) -> str:
    return "1 image lies" if count == 1 else f"{count:,} images lie"
