"""How folders are laid out: splits by name, classes, folders that stand alone."""

import numpy as np
import pytest
from PIL import Image

from gan_lab import load_dataset
from gan_lab.data.files.listing import File
from gan_lab.data.folder_layout import FolderLayout, class_order, read_layout


def layout_of(*names: str) -> FolderLayout:
    return read_layout([File(name, 1, 0) for name in sorted(names)])


def many(*folders: str, count: int = 3) -> list[str]:
    return [f"{folder}/{index}.png" for folder in folders for index in range(count)]


def counts(layout: FolderLayout) -> dict[str, tuple[int, int]]:
    """The numbers of images to train and to test on, by class."""
    tests = layout.tests or [False] * len(layout.files)
    found = {name: [0, 0] for name in layout.classes or ("",)}
    for label, test in zip(layout.labels or [0] * len(tests), tests, strict=True):
        found[(layout.classes or ("",))[label]][test] += 1
    return {name: tuple(pair) for name, pair in found.items()}


# --- splits --------------------------------------------------------------------------------------

PAIRS = [
    *(("train", "test"), ("Train", "TEST"), ("training", "testing"), ("train", "val")),
    *(("train", "valid"), ("train", "validation"), ("training_set", "test_set")),
    *(("train_images", "test"), ("trainset", "testset"), ("seg_train", "seg_test")),
    *(("Train", "Evaluation"), ("asl_alphabet_train", "asl_alphabet_test")),
    *(("train2017", "val2017"), ("Training Data", "Validation Data"), ("trn", "tst")),
]


@pytest.mark.parametrize(("train", "test"), PAIRS)
@pytest.mark.parametrize("above", ["", "img/", "archive/img/"])
def test_splits_are_known_by_their_names(train, test, above):
    names = many(*(f"{above}{train}/{name}" for name in ("cup", "hat")), count=4)
    names += many(*(f"{above}{test}/{name}" for name in ("cup", "hat")), count=2)
    layout = layout_of(*names)
    assert counts(layout) == {"cup": (4, 2), "hat": (4, 2)}
    assert f"{train}/" in layout.words and f"{test}/" in layout.split_words


def test_splits_may_be_named_twice_as_archives_unpack():
    names = many("seg_train/seg_train/sea", "seg_train/seg_train/ice", count=3)
    names += many("seg_test/seg_test/sea", "seg_test/seg_test/ice", count=1)
    assert counts(layout_of(*names)) == {"ice": (3, 1), "sea": (3, 1)}
    names = many("train/images", count=5) + many("test/images/", count=2)
    assert counts(layout_of(*names)) == {"": (5, 2)}


def test_splits_inside_the_classes():
    names = many("cup/train", "hat/train", count=4) + many("cup/test", "hat/test", count=2)
    assert counts(layout_of(*names)) == {"cup": (4, 2), "hat": (4, 2)}


def test_splits_without_classes():
    layout = layout_of(*many("train", count=7), *many("test", count=2))
    assert counts(layout) == {"": (7, 2)} and layout.words.endswith("no classes")


def test_validation_images_are_tested_on_only_where_there_is_no_test_split():
    both = many("train/cup", "train/hat", count=4) + many("val/cup", "val/hat", count=2)
    assert counts(layout_of(*both)) == {"cup": (4, 2), "hat": (4, 2)}
    three = [*both, *many("test/cup", "test/hat", count=1)]
    layout = layout_of(*three)
    assert counts(layout) == {"cup": (6, 1), "hat": (6, 1)}
    assert layout.split_words == "test/, by name; train/ and val/ to train on"


def test_test_images_without_classes_are_left_out_and_counted():
    """As competitions hand them out: the labels of the test images are secret."""
    names = [*many("train/cup", "train/hat", count=4), *many("test", count=5)]
    layout = layout_of(*names)
    assert counts(layout) == {"cup": (4, 0), "hat": (4, 0)} and layout.tests is None
    assert dict(layout.left_out) == {"in test/, which has none of the classes": 5}
    layout = layout_of(*names, *many("valid/cup", "valid/hat", count=2))
    assert counts(layout) == {"cup": (4, 2), "hat": (4, 2)}


def test_what_is_in_no_split_or_in_no_class_that_is_trained_on_is_left_out_and_counted():
    names = many("train/cup", "train/hat", "test/cup", "test/hat", "test/jar", "extra/cup")
    layout = layout_of(*names, "preview.png", "test/odd.png")
    assert layout.classes == ("cup", "hat") and len(layout.files) == 12
    assert dict(layout.left_out) == {
        "beside the folders test/ and train/": 4,
        "of class 'jar', which has no training image": 3,
        "of no class, beside the class folders": 1,
    }


def test_a_folder_whose_name_says_more_than_a_split_is_none():
    """fruits-360 has pictures of several fruits beside those that are sorted."""
    names = many(
        "Training/apple", "Training/pear", "Test/apple", "Test/pear", "test-multiple_fruits"
    )
    layout = layout_of(*names)
    assert counts(layout) == {"apple": (3, 3), "pear": (3, 3)}
    assert dict(layout.left_out) == {"in test-multiple_fruits/, which has none of the classes": 3}


def test_an_archive_inside_itself_is_not_taken_twice():
    splits = ("train/ill", "train/well", "val/ill", "val/well", "test/ill", "test/well")
    names = [*many(*splits), *many(*(f"chest/{split}" for split in splits))]
    layout = layout_of(*names)
    assert counts(layout) == {"ill": (6, 3), "well": (6, 3)}
    assert sum(layout.left_out.values()) == 18


def test_lists_of_classes_hold_for_the_training_images_alone():
    """tiny-imagenet has a folder for each class, and two with all other images."""
    names = many("train/n01/images", "train/n02/images", "val/images", "test/images")
    layout = layout_of(*names)
    assert counts(layout) == {"n01": (3, 0), "n02": (3, 0)} and layout.tests is None
    assert sum(layout.left_out.values()) == 6


@pytest.mark.parametrize("folders", [
    ("cats_train", "cats_test", "dogs_train", "dogs_test"),
    ("train", "bus", "car"), ("test", "best"), ("train", "latest"), ("cup", "trainers"),
])  # fmt: skip
def test_classes_that_sound_like_splits_are_classes(folders):
    layout = layout_of(*many(*folders))
    assert layout.classes == tuple(sorted(folders)) and layout.tests is None


# --- classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("above", ["", "img/", "img/img/"])
def test_folders_that_stand_alone_are_gone_down_through(above):
    layout = layout_of(*many(*(f"{above}{name}/deep" for name in ("cup", "hat", "jar"))))
    assert layout.classes == ("cup", "hat", "jar") and layout.tests is None
    assert ("only folder" in layout.words) == bool(above)


def test_images_beside_the_folders_make_no_classes_and_are_said():
    layout = layout_of(*many("cup", "hat"), "preview.png")
    assert layout.labels is None and "1 image lies beside the folders" in layout.words


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["1", "10", "11", "2", "3"], ["1", "2", "3", "10", "11"]),
        (["001", "010", "002", "100"], ["001", "002", "010", "100"]),
        (["0.5", "10", "-1", "2.25"], ["-1", "0.5", "2.25", "10"]),
        (["b", "10", "a", "9"], ["9", "10", "a", "b"]),
        (["cup", "Hat", "jar"], ["Hat", "cup", "jar"]),
    ],
)
def test_numbers_are_sorted_as_numbers(names, ordered):
    assert sorted(names, key=class_order) == ordered


def test_labels_stay_with_their_images(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path / "cache"))
    for split, count in (("train", 4), ("test", 2)):
        for number in (1, 2, 10):
            for index in range(count):
                path = tmp_path / f"data/{split}/{number}/{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.full((8, 8), 20 * number + index, np.uint8)).save(path)
    for split, count in (("train", 12), ("test", 6)):
        data = load_dataset("image_folder", tmp_path / "data", image_size=8, split=split)
        assert data.classes == ("1", "2", "10") and len(data) == count
        numbers = [int(data.classes[label]) for label in data.labels]
        assert (data.images[:, 0, 0, 0] // 20).tolist() == numbers
    old = load_dataset("image_folder", tmp_path / "data", layout=1, holdout="tenth", image_size=8)
    assert old.classes == ("test", "train") and old.shape == (3, 8, 8), "as version 0.1 read it"
