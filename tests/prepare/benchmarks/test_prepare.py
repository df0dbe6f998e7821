import numpy as np
import pytest

from landwright.data.benchmarks import benchmark, list_benchmarks, read_picture
from landwright.errors import DataError, UsageError
from landwright.prepare.benchmarks import prepare_benchmark


def files(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", list_benchmarks())
def test_every_set(miniatures, tmp_path, name):
    raw = miniatures.make_raw(name, tmp_path / "raw")
    before = files(raw)
    result = prepare_benchmark(name, raw, tmp_path / "sets")
    assert files(raw) == before
    assert result.pairs == miniatures.PAIRS[name] and result.kept == 0
    assert result.path == tmp_path / "sets" / benchmark(name).folders[0]
    for image, label in benchmark(name).pairs(tmp_path / "sets"):
        assert read_picture(image).fault_of_image() is None
        mask = read_picture(label)
        assert len(mask.bands) == 1 and mask.palette is None and mask.driver in ("PNG", "GTiff")
        assert set(np.unique(mask.codes())) <= set(benchmark(name).values)
    assert all(path.suffix not in (".xml", ".part") for path in (tmp_path / "sets").rglob("*"))


def test_names_pixels_and_labels_of_crops(miniatures, tmp_path):
    raw = miniatures.make_raw("potsdam", tmp_path / "raw")
    prepare_benchmark("potsdam", raw, tmp_path)
    folder = tmp_path / "potsdam"
    names = ["2_13_0_0_512_512.png", "2_13_188_0_700_512.png", "7_13_0_0_512_512.png"]
    for kind in ("img_dir", "ann_dir"):
        assert sorted(path.name for path in (folder / kind / "val").iterdir()) == names
    image = read_picture(raw / "2_Ortho_RGB/top_potsdam_2_13_RGB.tif").rgb()
    assert np.array_equal(read_picture(folder / "img_dir/val" / names[1]).rgb(), image[:, 188:])
    _, numbers = miniatures.scene(0, 512, 700, 6)
    numbers += 1
    numbers[:, :: miniatures.CELL] = 0
    assert np.array_equal(read_picture(folder / "ann_dir/val" / names[1]).codes(), numbers[:, 188:])


def test_isaid_is_filled_up(miniatures, tmp_path):
    prepare_benchmark("isaid", miniatures.make_raw("isaid", tmp_path / "raw"), tmp_path)
    labels = tmp_path / "iSAID/ann_dir/val"
    assert sorted(path.name for path in labels.iterdir()) == [
        "P0003_0_896_0_896_instance_color_RGB.png",
        "P0003_0_896_4_900_instance_color_RGB.png",
        "P0007_0_896_0_896_instance_color_RGB.png",
        "P1397_0_896_0_896_instance_color_RGB.png",
    ]
    label = read_picture(labels / "P0007_0_896_0_896_instance_color_RGB.png").codes()
    image = read_picture(tmp_path / "iSAID/img_dir/val/P0007_0_896_0_896.png").rgb()
    assert (label[150:] == 255).all() and (label[:, 200:] == 255).all() and label[:150, :200].max() == 15
    assert not image[150:].any() and not image[:, 200:].any() and image[:150, :200].all()
    # A scene of one band becomes three equal ones.
    assert read_picture(tmp_path / "iSAID/img_dir/val/P1397_0_896_0_896.png").is_grey


def test_uavid_has_the_sequence_in_its_names(miniatures, tmp_path):
    prepare_benchmark("uavid", miniatures.make_raw("uavid", tmp_path / "raw"), tmp_path)
    names = sorted(path.name for path in (tmp_path / "UAVid/img_dir/test").iterdir())
    assert names == [
        "seq21_000000_0_1080_0_1280.png",
        "seq21_000000_0_1080_20_1300.png",
        "seq22_000000_0_1080_0_1280.png",
    ]
    label = read_picture(tmp_path / "UAVid/ann_dir/test" / names[0]).codes()
    _, numbers = miniatures.scene(0, 1080, 1300, 8)
    assert np.array_equal(label, np.where(numbers == 7, 3, numbers)[:, :1280])


def test_copies_are_the_same_bytes(miniatures, tmp_path):
    raw = miniatures.make_raw("openearthmap", tmp_path / "raw")
    prepare_benchmark("openearthmap", raw, tmp_path)
    for kind, folder in (("images", "img_dir"), ("labels", "ann_dir")):
        source = raw / f"OpenEarthMap_wo_xBD/aachen/{kind}/aachen_1.tif"
        assert (tmp_path / f"OpenEarthMap/{folder}/val/aachen_1.tif").read_bytes() == source.read_bytes()
    # A palette is taken off, the numbers stay.
    label = raw / "OpenEarthMap_wo_xBD/aachen/labels/aachen_1.tif"
    codes = read_picture(label).codes()
    miniatures.write(label, codes, palette={value: (value, 0, 0, 255) for value in range(9)})
    prepare_benchmark("openearthmap", raw, tmp_path / "again")
    written = read_picture(tmp_path / "again/OpenEarthMap/ann_dir/val/aachen_1.tif")
    assert written.palette is None and np.array_equal(written.codes(), codes)


def test_an_interrupted_run_continues(miniatures, tmp_path):
    raw = miniatures.make_raw("potsdam", tmp_path / "raw")

    def interrupt(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_benchmark("potsdam", raw, tmp_path / "a", progress=interrupt)
    half = files(tmp_path / "a")
    assert len(half) == 5
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*.png")}
    result = prepare_benchmark("potsdam", raw, tmp_path / "a")
    assert (result.pairs, result.kept) == (3, 2)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    # The same as in one go; with all pairs there, no scene is read.
    prepare_benchmark("potsdam", raw, tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    calls = []
    assert prepare_benchmark("potsdam", raw, tmp_path / "b", progress=lambda *call: calls.append(call)).kept == 3
    assert calls == [(2, 3), (3, 3)]


def test_grey_images(miniatures, tmp_path):
    raw = miniatures.make_raw("potsdam", tmp_path / "raw")
    image = raw / "2_Ortho_RGB/top_potsdam_2_13_RGB.tif"
    bands = read_picture(image).bands
    miniatures.write(image, np.repeat(bands[:1], 3, 0))
    with pytest.raises(DataError, match=r"2_13_RGB\.tif: is grey: its three bands are equal.*2_Ortho_RGB\.zip"):
        prepare_benchmark("potsdam", raw, tmp_path / "sets")
    miniatures.write(image, np.concatenate([bands, bands[:1]]), photometric="RGB", alpha="YES")
    with pytest.raises(DataError, match=r"band of transparency.*gdal_translate"):
        prepare_benchmark("potsdam", raw, tmp_path / "sets")
    assert not (tmp_path / "sets").exists()
    raw = miniatures.make_raw("loveda", tmp_path / "loveda")
    for path in raw.glob("Val/*/images_png/*.png"):
        miniatures.write(path, np.repeat(read_picture(path).bands[:1], 3, 0))
    notes = prepare_benchmark("loveda", raw, tmp_path / "sets").notes
    assert notes[0] == "2 images have no colour: 2522.png, 3514.png"


def test_what_is_not_the_published_set(miniatures, tmp_path):
    with pytest.raises(UsageError, match="no benchmark set"):
        prepare_benchmark("moon", tmp_path, tmp_path)
    raw = miniatures.make_raw("vaihingen", tmp_path / "raw")
    image, _ = miniatures.scene(0, 300, 600, 6)
    miniatures.write(raw / "top/top_mosaic_09cm_area2.tif", image)
    with pytest.raises(DataError, match="600 x 300 pixels, less than a crop of 512 x 512"):
        prepare_benchmark("vaihingen", raw, tmp_path)
    image, _ = miniatures.scene(0, 700, 512, 6)
    miniatures.write(raw / "top/top_mosaic_09cm_area2.tif", image)
    with pytest.raises(DataError, match=r"has 512 x 600 pixels, its image top_mosaic_09cm_area2\.tif has 512 x 700"):
        prepare_benchmark("vaihingen", raw, tmp_path)
    raw = miniatures.make_raw("loveda", tmp_path / "loveda")
    (raw / "Val/Urban/images_png/3514.png").rename(raw / "Val/Urban/images_png/2522.png")
    (raw / "Val/Urban/masks_png/3514.png").rename(raw / "Val/Urban/masks_png/2522.png")
    with pytest.raises(DataError, match=r"1 names are there twice, such as 2522\.png"):
        prepare_benchmark("loveda", raw, tmp_path)


def test_notes(miniatures, tmp_path):
    notes = prepare_benchmark("vaihingen", miniatures.make_raw("vaihingen", tmp_path / "raw"), tmp_path).notes
    assert "15 of 17 scenes are not there" in notes[0]
    assert notes[1] == "there are 3 pairs, 398 are published: scores are not comparable"
    assert "IRRG" in notes[2]
