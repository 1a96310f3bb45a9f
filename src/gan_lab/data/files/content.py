"""Which files are images: the formats that are read, their endings, how their content begins."""

import re
from pathlib import Path

# What a file may be, whatever its ending. All are decoded inside this process: for others (EPS)
# Pillow starts programs.
FIRST_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF")  # of version 0.1
FORMATS = (*FIRST_FORMATS, "PPM", "JPEG2000", "AVIF", "QOI", "SGI", "SUN", "PSD", "ICO")
BY_ENDING = {"tga": "TGA", "pcx": "PCX"}  # their content begins as that of many other files may
# What is listed is part of the hash of a run: other endings or content would need a layout 3.
IMAGES = """
    jpg jpeg jpe jfif mpo png apng webp bmp dib gif tif tiff ppm pgm pbm pnm pfm jp2 j2k jpf jpx
    j2c avif qoi pcx sgi rgb rgba bw ras tga psd ico
"""
# Endings that say that a file is something else: it is not opened. The last lines are of images
# that Pillow does not read, or not alone.
OTHERS = """
    txt csv tsv json jsonl xml yaml yml toml ini cfg conf log md rst html htm css js pdf doc docx
    xls xlsx ppt pptx rtf tex bib py pyc ipynb m r sh bat c cpp h java zip gz tgz tar bz2 xz 7z rar
    npy npz mat pkl pickle pt pth ckpt safetensors h5 hdf5 parquet feather tfrecord lmdb mdb db
    sqlite mp4 avi mov mkv webm mp3 wav flac ogg ttf otf exe dll so md5 sha256 url lnk
    svg eps ps ai wmf emf heic heif dcm nii fits fit xmp aae
    dng nef cr2 cr3 arw orf rw2 raf pef
"""
IMAGE_ENDINGS, OTHER_ENDINGS = frozenset(IMAGES.split()), frozenset(OTHERS.split())
BEGINNING = 32  # bytes that tell a format
CONTENT = re.compile(
    rb"\xff\xd8\xff"  # JPEG
    rb"|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|qoif|8BPS\0\x01|....ftypavi[fs]"
    rb"|BM....\0\0\0\0|II\*\0|MM\0\*"  # BMP, TIFF
    rb"|P[1-6]\s+[\d#]|P[Ff]\s+\d"  # PBM, PGM, PPM, PFM
    rb"|\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"  # JPEG 2000
    rb"|\x59\xa6\x6a\x95",  # Sun raster
    re.DOTALL,
)


def has_image_content(path: str) -> bool:
    """Whether a file begins as an image does; False if it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return CONTENT.match(file.read(BEGINNING)) is not None
    except OSError:
        return False
