"""Real imagery: RGB masks with a published grouping, and one image with polygons."""

import csv
from pathlib import Path

import pytest
import torch

from landwright.data import GridTiles, RandomTiles, Split, find_scenes, make_split
from landwright.legends import load_legend
from landwright.recipe import DataSpec, SplitSpec


def test_dubai_from_its_layout(shared: Path) -> None:
    spec = DataSpec(layout="dubai-hitl", root=str(shared / "data/dubai_hitl"), tile=64)
    scenes = find_scenes(spec)
    split = make_split(scenes, spec.split, seed=0)
    assert split.counts() == {"train": 36, "val": 9, "test": 18}
    with (shared / "data/dubai_hitl/splits.csv").open() as stream:
        fixed = {f"Tile {row['tile']}": (row["split"], row["group"]) for row in csv.DictReader(stream)}
    assert all(fixed[scene.image.parts[-3]] == (scene.part, scene.group) for scene in scenes)


def test_dubai_from_a_csv_with_groups(shared: Path, tmp_path: Path) -> None:
    root = shared / "data/dubai_hitl"
    with (root / "splits.csv").open() as stream:
        tiles = {row["tile"]: row for row in csv.DictReader(stream)}
    rows = [
        (image, Path(str(image).replace("/images/", "/masks/")).with_suffix(".png"), tiles[number])
        for number in ("4", "5", "1")
        for image in sorted((root / f"Tile {number}/images").glob("*.jpg"))[:2]
    ]
    lines = [f"{image},{label},{tile['split']},{tile['group']}" for image, label, tile in rows]
    (tmp_path / "pairs.csv").write_text("\n".join(["image,label,split,group", *lines]))
    spec = DataSpec(pairs="pairs.csv", tile=96, split=SplitSpec(by="column", group="group"), balance=0.5)
    split = make_split(find_scenes(spec, base=tmp_path), spec.split, seed=0)
    split.save(tmp_path / "split.csv")
    legend = load_legend("dubai-6")
    train = RandomTiles(Split.load(tmp_path / "split.csv").regions("train"), spec, legend, length=8, seed=0)
    assert (train.survey.histogram > 0).sum() >= 3
    samples = [train[index] for index in range(8)]
    assert all("Tile 4" in sample["source"] for sample in samples)  # its masks are palette images
    assert torch.cat([sample["mask"].flatten() for sample in samples]).unique().tolist()[-1] in (*range(5), 255)
    assert max(float(sample["image"].max()) for sample in samples) > 100
    val = GridTiles(split.regions("val"), spec, legend, limit=3)
    assert len(val) == 3 and (val[1]["mask"] != 255).any()


def test_kampala_polygons_in_blocks(shared: Path) -> None:
    root = shared / "data/kampala_oam"
    spec = DataSpec(
        images=str(root / "train.tif"),
        labels=str(root / "train_buildings.geojson"),
        tile=128,
        split=SplitSpec(by="block", block=512, val=0.2),
    )
    split = make_split(find_scenes(spec), spec.split, seed=0)
    assert set(split.counts()) == {"train", "val"}
    legend = load_legend("building")
    train = RandomTiles(split.regions("train"), spec, legend, length=6, seed=0)
    share = train.survey.histogram[1] / train.survey.histogram.sum()
    assert share == pytest.approx(0.237, abs=0.05)
    assert train[0]["window"][2:].tolist() == [128, 128] and train[0]["image"].shape == (3, 128, 128)
