"""Bundles that tell heights, alone or beside classes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from torch import Tensor, nn

from landwright.bundles import Bundle
from landwright.data import Region, Split
from landwright.engine import PredictOptions
from landwright.errors import DataError, UsageError
from landwright.evaluation import Merge, evaluate_bundle
from landwright.legends import load_crosswalk
from landwright.networks import Outputs
from landwright.rasters import Window, write_cog


class Tall(nn.Module):
    """Classes as the first band says, and three metres for each; of two dates the change of the band."""

    def __init__(self, *, classes: bool = True, dates: int = 1) -> None:
        super().__init__()
        self.indices = nn.Parameter(torch.arange(3, dtype=torch.float32)[:, None, None])
        self._classes, self._dates = classes, dates

    def forward(self, image: Tensor) -> Outputs:
        value = image[:, :1] if self._dates == 1 else (image[:, 1:2] - image[:, :1]).abs()
        logits = -50.0 * (value - self.indices).abs() if self._classes else None
        return Outputs(logits, 3.0 * value + 0.5 if self._dates == 1 else None)


@pytest.fixture
def both(bundle):
    card = bundle.card.model_copy(update={"outputs": ("classes", "height")})
    return Bundle(card, Tall().eval())


@pytest.fixture
def alone(bundle):
    card = bundle.card.model_copy(update={"outputs": ("height",)})
    return Bundle(card, Tall(classes=False).eval())


@pytest.fixture
def tall(scenes, tmp_path):
    """The scenes with heights: three metres for each class of the label."""
    found = []
    for scene in scenes:
        with rasterio.open(scene.label) as label:
            metres = label.read(1).astype(np.float32) * 3
        path = tmp_path / "heights" / f"{scene.name}.tif"
        place = Affine(0.5, 0, 500_000, 0, -0.5, 5_300_000)
        write_cog(path, metres, crs="EPSG:32632", transform=place)
        found.append(replace(scene, height=path))
    return found


def everything(scenes):
    return dict.fromkeys(scenes, ())


def test_classes_and_heights_are_scored_together(both, tall, tmp_path):
    found = evaluate_bundle(both, everything(tall), tmp_path / "report", keep=tmp_path / "maps")
    classes, heights = found.evaluation.results[0], found.evaluation.heights
    errors = []
    for scene in tall:
        with rasterio.open(tmp_path / "maps" / f"{scene.name}_height.tif") as made, rasterio.open(scene.height) as true:
            errors.append(made.read(1) - true.read(1))
    pooled, published = heights.results
    assert pooled.values["mae"] == pytest.approx(np.abs(errors).mean())
    assert published.images == classes.images == 3
    assert [row.name for row in pooled.rows if row.kind == "class"] == ["class 0", "class 1", "class 2"]
    assert [scene.name for scene in heights.scenes] == ["s0", "s1", "s2"]
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 15 + 12
    for text in ("<h2>Confusion matrix</h2>", "<h2>Heights</h2>", "<h2>Height maps</h2>", "class class 0"):
        assert text in page, text
    figures = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert list(figures["scores"]) == ["pixel-pooled"]
    assert list(figures["heights"]["scores"]) == ["pooled-height", "synrs3d-height"]


def test_heights_alone(alone, tall, tmp_path):
    bare = [replace(scene, label=None) for scene in tall]
    found = evaluate_bundle(alone, everything(bare), tmp_path / "report", keep=tmp_path / "maps")
    assert (found.evaluation.results, found.evaluation.area) == ((), None)
    assert found.evaluation.heights.results[0].values["mae"] == pytest.approx(0.9, abs=0.3)
    assert sorted(path.name for path in (tmp_path / "maps").glob("*.tif")) == ["s0.tif", "s1.tif", "s2.tif"]
    figures = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert figures["legend"] is None
    # Labels say nothing about a map of heights alone, and their codes are not looked at.
    beside = evaluate_bundle(alone, everything(tall)).evaluation
    assert beside.results == ()
    assert beside.heights.results[0].values == found.evaluation.heights.results[0].values


def test_only_what_scenes_have_is_scored(both, tall):
    mixed = [replace(tall[0], height=None), replace(tall[1], label=None), tall[2]]
    found = evaluate_bundle(both, everything(mixed)).evaluation
    assert (found.results[0].images, found.heights.results[0].images) == (2, 2)
    assert evaluate_bundle(both, everything([mixed[0]])).evaluation.heights is None


def test_heights_are_never_scored_unasked(bundle, tall):
    """A model of classes alone has no height scores, whatever the scenes hold."""
    assert evaluate_bundle(bundle, everything(tall)).evaluation.heights is None


def test_maps_with_companions_leave_nothing_behind(both, tall, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    before = set(tmp_path.rglob("*"))
    evaluate_bundle(both, everything(tall[:1]), options=PredictOptions(tta="flip"))
    assert set(tmp_path.rglob("*")) == before


def test_a_height_map_that_is_there_is_not_replaced(both, tall, tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "s2_height.tif").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        evaluate_bundle(both, everything(tall), keep=tmp_path / "maps")
    assert not (tmp_path / "maps" / "s0.tif").exists()


def test_sets_windows_and_protocols(both, tall):
    grouped = {replace(scene, group=group): (Window(0, 0, 20, 50),) for scene, group in zip(tall, "aab", strict=True)}
    names = ("synrs3d-height", "synrs3d-classes")
    found = evaluate_bundle(both, grouped, protocols=names).evaluation
    assert [result.protocol for result in found.results] == ["synrs3d-classes"]
    (published,) = found.heights.results
    assert [(of.name, of.images["whole"]) for of in published.sets] == [("a", 2), ("b", 1)]
    assert published.pixels == 3000


def test_an_earlier_date_goes_to_models_of_two(bundle, both, tall, tmp_path):
    """To a model of one date it would mean a difference of heights, which is nothing that the scenes tell."""
    zeros = []
    for scene in tall:
        with rasterio.open(scene.image) as image:
            path = tmp_path / "before" / f"{scene.name}.tif"
            write_cog(path, np.zeros(image.shape, np.uint8), crs=image.crs, transform=image.transform)
        zeros.append(replace(scene, before=path))
    plain = evaluate_bundle(both, everything(tall)).evaluation
    assert evaluate_bundle(both, everything(zeros)).evaluation.heights.results == plain.heights.results
    normal = bundle.card.normalization.model_copy(update={"mean": (0.0, 0.0), "std": (1.0, 1.0)})
    card = bundle.card.model_copy(update={"dates": 2, "bands": ("before", "after"), "normalization": normal})
    change = evaluate_bundle(Bundle(card, Tall(dates=2).eval()), everything(zeros)).evaluation
    assert change.results[0].matrix == plain.results[0].matrix


def test_references_must_be_of_what_the_model_tells(both, alone, bundle, tall):
    for model, lacking, has in (
        (alone, {"height": None}, "has labels"),
        (bundle, {"label": None}, "has heights"),
        (both, {"label": None, "height": None}, "has neither"),
    ):
        with pytest.raises(DataError, match=has):
            evaluate_bundle(model, everything([tall[0], replace(tall[1], **lacking)]))
    with pytest.raises(UsageError, match="'pooled-height' scores heights"):
        evaluate_bundle(bundle, everything(tall), protocols=["pooled-height"])
    with pytest.raises(UsageError, match="no classes to merge"):
        evaluate_bundle(alone, everything(tall), merge=Merge(load_crosswalk("nlcd-to-chesapeake-4")))


def test_adaptation_is_told(both, tall, run, tmp_path):
    Split((Region(tall[0], "train"),)).with_targets([replace(scene, label=None) for scene in tall[1:]]).save(
        run / "split.csv"
    )
    evaluate_bundle(both, everything(tall[1:]), tmp_path / "report", run=run)
    figures = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert (figures["trained_on"]["kind"], figures["trained_on"]["adapted"]) == ("adapted", 2)
    said = "Transductive: the model was adapted to these images without their labels."
    assert said in figures["scores"]["pixel-pooled"]["notes"]
    assert all(said in result["notes"] for result in figures["heights"]["scores"].values())
    assert said in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
