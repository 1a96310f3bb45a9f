"""Any folder of images is a dataset; its listing is part of what a run is."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import center_crop, pil_to_tensor, resize

from gan_lab.config.compose import jobs
from gan_lab.config.identity import result_hash
from gan_lab.data import image_folder, listing_hash
from gan_lab.data.files.listing import list_images


def paint(path, size=(8, 8), colour=(255, 0, 0), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(path)


@pytest.fixture
def flowers(tmp_path):
    for index in range(20):
        paint(tmp_path / f"flowers/rose/deep/{index:02d}.png", colour=(255, 0, index))
        paint(tmp_path / f"flowers/tulip/{index:02d}.jpg", colour=(0, 255, 0))
    return tmp_path


def test_top_folders_are_classes_and_labels_stay_with_their_images(flowers):
    data = image_folder(flowers, "flowers", image_size=16)
    assert data.classes == ("rose", "tulip")
    assert data.images.shape == (36, 3, 16, 16) and data.images.dtype == torch.uint8
    assert torch.equal(data.images[:, 1, 0, 0] > 128, data.labels == 1)  # tulips are green


def test_the_splits_share_no_image_and_miss_none(flowers):
    splits = [image_folder(flowers, "flowers", 8, split=split) for split in ("train", "test")]
    assert [len(data) for data in splits] == [36, 4]
    blues = [image[2, 0, 0].item() for data in splits for image in data.images[data.labels == 0]]
    assert sorted(blues) == list(range(20))


@pytest.mark.parametrize("places", [["a.png", "b.png"], ["one/a.png", "one/b.png"]])
def test_one_folder_has_no_labels(tmp_path, places):
    for place in places:
        paint(tmp_path / place)
    data = image_folder(tmp_path, "", image_size=8)
    assert data.labels is None and data.classes == () and len(data) == 2


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_modes_become_rgb_or_grey(tmp_path, mode):
    paint(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"), colour=(255, 255, 255), mode=mode)
    assert (image_folder(tmp_path, "", 8).images == 255).all()
    assert image_folder(tmp_path, "", 8, channels=1).images.shape == (1, 1, 8, 8)


def test_images_are_torchvisions_centre_crop_and_resize(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    cropped = center_crop(pil_to_tensor(Image.fromarray(noise)), [40, 40])
    expected = resize(cropped, [16, 16], antialias=True)
    ours = image_folder(tmp_path, "", image_size=16).images[0]
    assert (ours.int() - expected.int()).abs().max() <= 1


def test_a_rotated_photograph_stands_upright(tmp_path):
    image = Image.new("RGB", (8, 8))
    image.paste((255, 255, 255), (0, 0, 8, 4))  # the upper half is white
    exif = image.getexif()
    exif[0x0112] = 3  # taken upside down
    image.save(tmp_path / "a.png", exif=exif)
    pixels = image_folder(tmp_path, "", image_size=8).images[0, 0]
    assert (pixels[:4] == 0).all() and (pixels[4:] == 255).all()


def test_a_broken_image_and_an_empty_folder_are_one_line(tmp_path):
    with pytest.raises(FileNotFoundError, match="no images below"):
        image_folder(tmp_path, "nothing")
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(ValueError, match=r"a\.jpg is no readable image") as caught:
        image_folder(tmp_path, "")
    assert "\n" not in str(caught.value)


def test_links_are_followed_but_not_in_circles(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Image.new("RGB", (8, 8), (255, 0, 0)).save(elsewhere / "a.png")
    top = tmp_path / "top"
    top.mkdir()
    (top / "folder").symlink_to(elsewhere)
    (top / "itself").symlink_to(top)
    (top / "file.png").symlink_to(elsewhere / "a.png")
    assert [file.name for file in list_images(top)] == ["file.png", "folder/a.png"]
    assert (image_folder(tmp_path, "top", image_size=8).images[:, 0] == 255).all()


def test_a_link_to_nothing_is_named(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "lost.png")
    with pytest.raises(ValueError, match=r"b\.png is no readable image"):
        image_folder(tmp_path, "")
    assert len(image_folder(tmp_path, "", image_size=8, bad_images="skip").images) == 1


def test_other_files_make_another_run(flowers):
    def hash_of():
        (job,) = jobs(["dataset=flowers", f"data_root={flowers}"], False)
        return result_hash(job.config)

    before = hash_of(), listing_hash(flowers, "flowers")
    assert before == (hash_of(), listing_hash(flowers, "flowers"))
    (flowers / "flowers/tulip/00.jpg").unlink()
    assert before[0] != hash_of() and before[1] != listing_hash(flowers, "flowers")
