from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy

from landwright.errors import DataError
from landwright.prepare.segments import SegmentFolder, make_segments
from landwright.prepare.segments.identity import image_hash
from landwright.prepare.segments.record import content_hash

Write = Callable[..., Path]
Picture = Callable[..., np.ndarray]


def test_an_image_of_one_file_is_that_file(write: Write, picture: Picture) -> None:
    one, same, other = write("a.tif"), write("x/b.tif"), write("c.tif", picture(1))
    assert image_hash(one) == content_hash(one) == image_hash(same) != image_hash(other)
    # What other programs leave beside it changes nothing.
    before = image_hash(one)
    Path(f"{one}.aux.xml").write_text("<PAMDataset><Metadata><MDI key='shown'>yes</MDI></Metadata></PAMDataset>")
    write("half.tif", picture(0)[:, ::2, ::2]).rename(f"{one}.ovr")
    with rasterio.open(one) as file:
        assert {Path(name).name for name in file.files} == {"a.tif", "a.tif.ovr", "a.tif.aux.xml"}
    assert image_hash(one) == before


def test_no_data_said_beside_the_file(write: Write) -> None:
    path = write("a.png")
    before = image_hash(path)
    bands = "".join(f'<PAMRasterBand band="{band}"><NoDataValue>0</NoDataValue></PAMRasterBand>' for band in (1, 2, 3))
    Path(f"{path}.aux.xml").write_text(f"<PAMDataset>{bands}</PAMDataset>")
    assert image_hash(path) != before


def test_a_mask_beside_the_file(write: Write) -> None:
    path = write("a.png")
    alone, bytes_before = image_hash(path), path.read_bytes()
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as file:
        file.write_mask(np.eye(60, 80) > 0)
    assert Path(f"{path}.msk").exists() and path.read_bytes() == bytes_before
    masked = image_hash(path)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as file:
        file.write_mask(np.eye(60, 80) == 0)
    assert len({alone, masked, image_hash(path)}) == 3


def test_a_virtual_raster_is_what_it_shows(write: Write, picture: Picture, tmp_path: Path) -> None:
    source = write("tiles/a.tif")
    inner, outer = tmp_path / "inner.vrt", tmp_path / "outer.vrt"
    copy(source, inner, driver="VRT")
    # A virtual raster of a virtual raster: its own text knows nothing of the pixels.
    outer.write_text(inner.read_text().replace(os.path.relpath(source, tmp_path), inner.name))
    assert inner.name in outer.read_text()
    out = tmp_path / "out"
    for path in (inner, outer):
        make_segments([path], out, jobs=1)
        SegmentFolder(out).check([path])
    assert image_hash(inner) == image_hash(outer)
    write("tiles/a.tif", picture(7))
    for path in (inner, outer):
        with pytest.raises(DataError, match=r"changed since segments were made|without segments here"):
            SegmentFolder(out).check([path])
    assert make_segments([outer], out, jobs=1).kept == 0
    SegmentFolder(out).check([inner, outer])


def test_images_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    for name in ("a.png", "gone.png"):
        with pytest.raises(DataError, match=rf"{name}.*cannot be read"):
            image_hash(tmp_path / name)
