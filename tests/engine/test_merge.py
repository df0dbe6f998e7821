from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from landwright.bundles import Bundle
from landwright.engine import PredictOptions, predict_raster
from landwright.engine.classmap import ClassMap
from landwright.engine.decode import ByProbability
from landwright.engine.merge import Merger, check_merge, fitting_crosswalks
from landwright.errors import UsageError
from landwright.legends import Crosswalk, Legend, LegendClass, list_crosswalks, load_crosswalk, load_legend
from landwright.networks import Outputs


@pytest.fixture
def crosswalk(legend: Legend, tmp_path: Path) -> Crosswalk:
    """Roofs and the rest are built, grass is green, water has no place."""
    target = Legend(
        name="two",
        nodata=0,
        classes=(
            LegendClass(code=1, name="built", colour=(9, 9, 9)),
            LegendClass(code=2, name="green", colour=(0, 9, 0)),
        ),
    )
    for table in (legend, target):
        (tmp_path / f"{table.name}.yaml").write_text(json.dumps(table.to_dict()))
    return Crosswalk(
        name="four-to-two",
        source=str(tmp_path / "four.yaml"),
        target=str(tmp_path / "two.yaml"),
        rules={10: 1, 11: 2, 12: "ignore", 13: 1},
    )


class Fixed(nn.Module):
    """The same probabilities everywhere, or those of the left in the left half."""

    def __init__(self, left: list[float], right: list[float] | None = None) -> None:
        super().__init__()
        sides = [torch.tensor(values).log()[None, :, None, None] for values in (left, right or left)]
        self.left, self.right = (nn.Parameter(side) for side in sides)

    def forward(self, image: Tensor) -> Outputs:
        return Outputs(torch.where(image[:, :1] < 1, self.left, self.right))


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(list_crosswalks()), seed=st.integers(0, 99))
def test_probabilities_of_one_target_are_summed(name: str, seed: int) -> None:
    table = load_crosswalk(name)
    merger = Merger(table)
    source, target = table.source_legend, table.target_legend
    scores = np.random.default_rng(seed).random((2, len(source), 3, 5), dtype=np.float32)
    merged = merger(torch.from_numpy(scores)).numpy()
    assert merged.shape == (2, len(target), 3, 5)
    for index, code in enumerate(target.codes):
        members = [place for place, rule in enumerate(source.codes) if table.rules[rule] == code]
        np.testing.assert_allclose(merged[:, index], scores[:, members].sum(axis=1), rtol=1e-6)
    assert merger.classes == len(target)
    assert merger.partial == any(not isinstance(rule, int) for rule in table.rules.values())


def test_the_sum_wins_and_not_the_largest_part(
    write: Any, bundle: Bundle, crosswalk: Crosswalk, tmp_path: Path
) -> None:
    model = replace(bundle, network=Fixed([0.3, 0.4, 0.0, 0.3]))
    image = write(np.zeros((1, 40, 50), np.uint8))
    assert (read(predict_raster(model, image, tmp_path / "plain.tif").path) == 11).all()
    result = predict_raster(model, image, tmp_path / "map.tif", options=PredictOptions(merge=crosswalk))
    assert (read(result.path) == 1).all()
    assert result.confidence is not None
    assert (read(result.confidence) == 60).all()
    with rasterio.open(result.path) as file:
        tags, colours = file.tags(), file.colormap(1)
        assert file.descriptions == ("classes: two",)
        assert file.nodata == 0
    assert [entry["name"] for entry in json.loads(tags["CLASSES"])] == ["built", "green"]
    assert json.loads(tags["SETTINGS"])["merge"] == "four-to-two (by probability)"
    assert colours[2] == (0, 9, 0, 255)
    assert "built" in result.styles[0].read_text()


def test_a_class_without_target_takes_no_part(write: Any, bundle: Bundle, crosswalk: Crosswalk, tmp_path: Path) -> None:
    """Water is the most probable, but only built and green are asked for: 0.1 against 0.3."""
    model = replace(bundle, network=Fixed([0.05, 0.3, 0.6, 0.05]))
    image = write(np.zeros((1, 40, 50), np.uint8))
    result = predict_raster(model, image, tmp_path / "map.tif", options=PredictOptions(merge=crosswalk))
    assert (read(result.path) == 2).all()
    assert result.confidence is not None
    assert (read(result.confidence) == 75).all()
    assert result.valid == 2000


def test_where_nothing_else_is_seen_there_is_no_class(
    write: Any, bundle: Bundle, crosswalk: Crosswalk, tmp_path: Path
) -> None:
    model = replace(bundle, network=Fixed([1e-9, 1e-9, 1.0, 1e-9], [0.7, 0.1, 0.1, 0.1]))
    pixels = np.zeros((1, 40, 50), np.uint8)
    pixels[0, :, 20:] = 1
    result = predict_raster(model, write(pixels), tmp_path / "map.tif", options=PredictOptions(merge=crosswalk))
    np.testing.assert_array_equal(read(result.path), pixels[0])
    assert result.confidence is not None
    np.testing.assert_array_equal(read(result.confidence) == 255, pixels[0] == 0)
    assert result.valid == 1200
    assert any("800 pixels show only classes that the merge leaves out" in warning for warning in result.warnings)


def test_a_window_that_sees_little_of_the_targets_has_little_say() -> None:
    """Scaled to 1 before they are averaged, a window sure of water would outvote one that is sure of green."""

    class Rows:
        def __init__(self) -> None:
            self.rows: list[np.ndarray] = []

        def write(self, rows: np.ndarray) -> None:
            self.rows.append(rows)

    legend = load_legend("building")
    codes, confidence = Rows(), Rows()
    sure_of_water, sure_of_green = torch.tensor([0.002, 0.0]), torch.tensor([0.1, 0.8])
    average = ((sure_of_water + sure_of_green) / 2)[:, None, None]
    ClassMap(legend, codes, confidence, decoder=ByProbability(partial=True)).write(0, average, np.ones((1, 1), bool))
    assert codes.rows[0].tolist() == [[legend.codes[1]]]
    assert confidence.rows[0].tolist() == [[round(100 * 0.8 / 0.902)]]


def test_augmentation_and_batches_go_through_it(
    write: Any, bundle: Bundle, crosswalk: Crosswalk, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(0, 4, (1, 90, 120), dtype=np.uint8)
    pixels[pixels == 2] = 0
    options = PredictOptions(merge=crosswalk, tile=32, tta="flip", batch=3, blend="paraformer", overlap=0.5)
    result = predict_raster(bundle, write(pixels), tmp_path / "map.tif", options=options)
    np.testing.assert_array_equal(read(result.path), np.where(pixels[0] == 1, 2, 1))


def test_a_table_that_starts_elsewhere_is_refused(bundle: Bundle, write: Any, tmp_path: Path) -> None:
    nlcd = load_crosswalk("nlcd-to-chesapeake-4")
    with pytest.raises(UsageError, match="but the map has those of four") as error:
        options = PredictOptions(merge=nlcd)
        predict_raster(bundle, write(np.zeros((1, 9, 9), np.uint8)), tmp_path / "map.tif", options=options)
    assert "give a .yaml file" in str(error.value.remedy)
    assert not (tmp_path / "map.tif").exists()
    with pytest.raises(UsageError) as error:
        check_merge(nlcd, load_legend("chesapeake-lc"))
    assert "chesapeake-lc-to-chesapeake-4 or chesapeake-lc-to-chesapeake-4-barren-low" in str(error.value.remedy)


def test_tables_are_found_by_their_ends() -> None:
    legends = {name: load_legend(name) for name in ("nlcd", "chesapeake-4")}
    found = fitting_crosswalks(source=legends["nlcd"], target=legends["chesapeake-4"])
    assert "nlcd-to-chesapeake-4" in found
    assert all(name.startswith("nlcd-to-chesapeake-4") for name in found)
    assert len(fitting_crosswalks()) == len(list_crosswalks())
