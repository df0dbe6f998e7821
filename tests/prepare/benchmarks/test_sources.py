import pytest

from landwright.data.benchmarks import benchmark
from landwright.errors import DataError
from landwright.prepare.benchmarks.sources import find_sources


def test_only_the_scored_part(miniatures, tmp_path):
    sources, notes = find_sources(benchmark("potsdam"), miniatures.make_raw("potsdam", tmp_path))
    assert [source.fields["tile"] for source in sources] == ["2_13", "7_13"]
    assert sources[0].label.name == "top_potsdam_2_13_label_noBoundary.tif"
    assert notes == ["12 of 14 scenes are not there: 2_14, 3_13, 3_14, 4_13, 4_14 and 7 more"]


def test_lists_decide(miniatures, tmp_path):
    sources, notes = find_sources(benchmark("openearthmap"), miniatures.make_raw("openearthmap", tmp_path / "oem"))
    assert [source.image.stem for source in sources] == ["aachen_1", "koeln_50"]
    assert notes == ["1 of 3 listed images are not there: lima_7"]
    (tmp_path / "oem/OpenEarthMap_wo_xBD/val.txt").write_text("\n")
    with pytest.raises(DataError, match=r"val\.txt: the list of the images that are scored is empty"):
        find_sources(benchmark("openearthmap"), tmp_path / "oem")
    (tmp_path / "oem/OpenEarthMap_wo_xBD/val.txt").unlink()
    with pytest.raises(DataError, match=r"val\.txt: the list of the images that are scored cannot be read"):
        find_sources(benchmark("openearthmap"), tmp_path / "oem")
    sources, notes = find_sources(benchmark("wbs-si"), miniatures.make_raw("wbs-si", tmp_path / "water"))
    assert len(sources) == 2 and "497 of 499 listed" in notes[0]


def test_before_the_disaster(miniatures, tmp_path):
    sources, _ = find_sources(benchmark("xbd"), miniatures.make_raw("xbd", tmp_path))
    assert all("_pre_disaster" in source.image.name for source in sources) and len(sources) == 2


def test_missing_official_files_are_named(miniatures, tmp_path):
    with pytest.raises(DataError, match="there is no such folder"):
        find_sources(benchmark("potsdam"), tmp_path / "none")
    with pytest.raises(DataError, match=r"holds no image of .*2_Ortho_RGB\.zip and 5_Labels_all_noBoundary\.zip"):
        find_sources(benchmark("potsdam"), tmp_path)
    raw = miniatures.make_raw("potsdam", tmp_path)
    (raw / "5_Labels_all_noBoundary").rename(raw / "5_Labels_all")  # those with boundaries
    with pytest.raises(DataError, match=r"2 of 2 images have no label: .*2_13_RGB\.tif.*5_Labels_all_noBoundary\.zip"):
        find_sources(benchmark("potsdam"), raw)
    for path in (raw / "2_Ortho_RGB").glob("*_RGB.tif"):
        if "2_10" not in path.name:
            path.unlink()
    with pytest.raises(DataError, match="none of the part that is scored"):
        find_sources(benchmark("potsdam"), raw)
