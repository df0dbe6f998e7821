from __future__ import annotations

from pathlib import Path

import pytest

from landwright.errors import UsageError
from landwright.maps import map_files


def test_names_belong_together() -> None:
    files = map_files("out/map.tif", True)
    assert files.rasters == (Path("out/map.tif"), Path("out/map_confidence.tif"))
    assert files.styles == (Path("out/map.qml"), Path("out/map_confidence.qml"))
    assert map_files("map.tiff", False).rasters == (Path("map.tiff"),)
    assert map_files("map.tif", Path("sure.tif")).beside == Path("sure.tif")
    assert map_files("map.tif", True, word="agreement").beside == Path("map_agreement.tif")


def test_names_of_heights() -> None:
    both = map_files("map.tif", True, height=True, spread=True)
    assert [path.name for path in both.rasters] == [
        "map.tif",
        "map_confidence.tif",
        "map_height.tif",
        "map_height_spread.tif",
    ]
    alone = map_files("map.tif", True, classes=False, height=True, spread=True)
    assert alone.height == alone.codes == Path("map.tif")
    assert alone.rasters == (Path("map.tif"), Path("map_spread.tif"))
    with pytest.raises(UsageError, match="one name"):
        map_files("map.tif", Path("map_height.tif"), height=True)


@pytest.mark.parametrize(("out", "confidence"), [("map.png", True), ("map", True), ("map.tif", Path("c.jpg"))])
def test_maps_are_geotiff(out: str, confidence: Path | bool) -> None:
    with pytest.raises(UsageError, match="GeoTIFF"):
        map_files(out, confidence)


def test_two_files_with_one_name() -> None:
    with pytest.raises(UsageError, match="one name"):
        map_files("map.tif", Path("map.tif").absolute())


def test_nothing_is_replaced_unasked_and_the_image_never(tmp_path: Path) -> None:
    image = tmp_path / "image.tif"
    image.touch()
    files = map_files(tmp_path / "map.tif", True)
    files.refuse_existing([image], overwrite=False)
    files.styles[1].touch()
    with pytest.raises(UsageError, match="already"):
        files.refuse_existing([image], overwrite=False)
    files.refuse_existing([image], overwrite=True)
    (tmp_path / "link.tif").symlink_to(image)
    with pytest.raises(UsageError, match="one of the inputs"):
        map_files(tmp_path / "link.tif", False).refuse_existing([image], overwrite=True)


def test_the_legend_goes_beside_the_map_and_is_not_replaced(tmp_path: Path) -> None:
    files = map_files(tmp_path / "map.tif", False, legend=True)
    assert files.legend == tmp_path / "map.legend.yaml"
    assert map_files(tmp_path / "map.tif", False).legend is None
    files.legend.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        files.refuse_existing([], overwrite=False)
    files.refuse_existing([], overwrite=True)


def test_probabilities_and_disagreement_lie_beside_the_classes(tmp_path: Path) -> None:
    files = map_files(tmp_path / "map.tif", False, probabilities=True, disagreement=True)
    assert [path.name for path in files.rasters] == ["map.tif", "map_probabilities.tif", "map_disagreement.tif"]
    assert [path.name for path in files.styles] == ["map.qml", "map_probabilities.qml", "map_disagreement.qml"]
    assert (files.probabilities, files.disagreement) == files.rasters[1:]
    files.rasters[2].touch()
    with pytest.raises(UsageError, match="already"):
        files.refuse_existing([], overwrite=False)
    alone = map_files("map.tif", True, classes=False, height=True, probabilities=True, disagreement=True)
    assert alone.rasters == (Path("map.tif"),)
    with pytest.raises(UsageError, match="one name"):
        map_files("map.tif", Path("map_disagreement.tif"), disagreement=True)
