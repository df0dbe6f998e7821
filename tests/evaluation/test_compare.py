from __future__ import annotations

import json

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from landwright.errors import DataError, UsageError
from landwright.evaluation.compare import Comparison
from landwright.evaluation.findings import LabelOptions, Merge, Pair
from landwright.evaluation.maps import evaluate_maps
from landwright.evaluation.thumbnail import Thumbnail
from landwright.evaluation.windows import PIXELS, chunks
from landwright.legends import Crosswalk, load_crosswalk, load_legend
from landwright.rasters import Window, write_cog

LEGEND = load_legend("openearthmap-8")
BUILDINGS = load_legend("whu-building")
UTM = CRS.from_epsg(32633)


def grid(gsd=0.5, east=500_000.0, north=5_400_000.0):
    return Affine(gsd, 0, east, 0, -gsd, north)


def write(path, codes, *, transform=None, crs=UTM, nodata=255):
    write_cog(path, codes.astype(np.uint8), crs=crs, transform=transform or grid(), nodata=nodata)
    return path


def scene(folder, name, seed, shape=(60, 80), wrong=0.2, **options):
    random = np.random.default_rng(seed)
    reference = random.integers(1, 9, shape)
    prediction = np.where(random.random(shape) < wrong, random.integers(1, 9, shape), reference)
    return (
        Pair(
            name,
            write(folder / f"{name}_map.tif", prediction, **options),
            write(folder / f"{name}_ref.tif", reference, **options),
        ),
        prediction,
        reference,
    )


def test_one_map_against_its_reference(tmp_path):
    pair, prediction, reference = scene(tmp_path, "a", 0)
    done = []
    evaluation = evaluate_maps([pair], legend=LEGEND, advance=done.append)
    result = evaluation.results[0]
    assert sum(done) == prediction.size == result.pixels
    assert result.values["oa"] == pytest.approx((prediction == reference).mean())
    assert evaluation.scenes[0].aligned == "exact"
    assert evaluation.scenes[0].oa == pytest.approx(result.values["oa"])
    assert evaluation.area.total_m2 == pytest.approx(prediction.size * 0.25)
    assert evaluation.area.rows[0].mapped == pytest.approx((prediction == 1).mean())
    json.loads(evaluation.model_dump_json())


def test_several_maps_are_pooled_and_protocols_share_the_counts(tmp_path):
    pairs = [scene(tmp_path, name, seed)[0] for seed, name in enumerate("abc")]
    evaluation = evaluate_maps(pairs, legend=LEGEND, protocols=("clcformer-multiclass", "pixel-pooled", "pixel-pooled"))
    multiclass, pooled = evaluation.results
    assert multiclass.protocol == "clcformer-multiclass"
    assert multiclass.matrix == pooled.matrix
    assert pooled.images == len(evaluation.scenes) == 3
    assert sum(entry.pixels for entry in evaluation.scenes) == pooled.pixels


def test_nodata_and_ignored_codes_are_kept_apart(tmp_path):
    reference = np.full((4, 6), 5)
    reference[0] = 0  # unknown in this legend
    prediction = reference.copy()
    prediction[1] = 255
    prediction[0] = 3
    pair = Pair("x", write(tmp_path / "map.tif", prediction), write(tmp_path / "ref.tif", reference))
    evaluation = evaluate_maps([pair], legend=LEGEND)
    result = evaluation.results[0]
    assert (result.pixels, sum(result.unmapped)) == (12, 6)
    assert evaluation.area.pixels == 18  # the map's own pixels, also those without a reference


def test_reference_on_a_coarser_grid_is_warped(tmp_path):
    reference = np.random.default_rng(0).integers(1, 9, (20, 20))
    prediction = reference.repeat(4, 0).repeat(4, 1)
    pair = Pair(
        "x",
        write(tmp_path / "map.tif", prediction, transform=grid(0.5)),
        write(tmp_path / "ref.tif", reference, transform=grid(2.0)),
    )
    evaluation = evaluate_maps([pair], legend=LEGEND)
    assert evaluation.scenes[0].aligned == "warped"
    assert evaluation.results[0].values["oa"] == 1


def test_polygons_are_burnt_onto_the_map(tmp_path):
    prediction = np.zeros((10, 10))
    prediction[:5, :5] = 1
    west, north = 500_000.0, 5_400_000.0
    square = [[west, north], [west + 2.5, north], [west + 2.5, north - 2.5], [west, north - 2.5], [west, north]]
    collection = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}},
        "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [square]}}],
    }
    (tmp_path / "ref.geojson").write_text(json.dumps(collection))
    pair = Pair("x", write(tmp_path / "map.tif", prediction), tmp_path / "ref.geojson")
    evaluation = evaluate_maps(
        [pair], legend=BUILDINGS, protocols=("clcformer-per-image",), labels=LabelOptions(burn="building")
    )
    assert evaluation.scenes[0].aligned == "burnt"
    assert evaluation.results[0].values["iou"] == 1


def test_only_the_regions_count(tmp_path):
    pair, prediction, reference = scene(tmp_path, "a", 3)
    regions = (Window(0, 0, 10, 20), Window(30, 40, 5, 7))
    cut = Pair("a", pair.map, pair.reference, regions=regions)
    right = sum((prediction == reference)[r : r + h, c : c + w].sum() for r, c, h, w in regions)
    result = evaluate_maps([cut], legend=LEGEND).results[0]
    assert result.pixels == 235
    assert result.values["oa"] == pytest.approx(right / 235)


def test_unequal_pixel_sizes_leave_areas_out(tmp_path):
    one, _, _ = scene(tmp_path, "a", 0)
    other, _, _ = scene(tmp_path, "b", 1, transform=grid(2.0))
    table = evaluate_maps([one, other], legend=LEGEND).area
    assert table.total_m2 is None
    assert table.rows[0].area_m2 is None


def test_without_georeference_there_are_no_square_metres(tmp_path):
    pair, _, _ = scene(tmp_path, "a", 0, crs=None, transform=Affine.identity())
    evaluation = evaluate_maps([pair], legend=LEGEND)
    assert evaluation.area.total_m2 is None
    assert evaluation.results[0].pixels > 0


def test_maps_are_merged_and_references_translated(tmp_path):
    """A map of NLCD's classes against a reference of the Chesapeake's six, in the four that they share."""
    codes = np.array([[11, 21, 41, 90], [81, 24, 12, 255]])
    labels = np.array([[1, 5, 2, 3], [3, 15, 4, 2]])
    pair = Pair("x", write(tmp_path / "map.tif", codes), write(tmp_path / "ref.tif", labels, nodata=None))
    merge = Merge(load_crosswalk("nlcd-to-chesapeake-4"))
    options = LabelOptions(crosswalk=load_crosswalk("chesapeake-lc-to-chesapeake-4"))
    protocols = ("chesapeake-4", "pixel-pooled")
    comparison = Comparison(load_legend("nlcd"), protocols, options, merge, previews=1)
    comparison.add(pair)
    evaluation = comparison.finish()
    published, pooled = evaluation.results
    assert comparison.legend.name == "chesapeake-4"
    assert published.matrix == pooled.matrix == ((1, 0, 0, 0), (0, 1, 0, 0), (0, 1, 1, 0), (0, 0, 0, 1))
    assert published.unmapped == (0, 1, 0, 1)  # nodata, and ice that has no target
    assert (published.values["oa"], pooled.values["oa"]) == pytest.approx((4 / 7, 4 / 5))
    assert (evaluation.merge, evaluation.merged_by, evaluation.crosswalk) == (
        "nlcd-to-chesapeake-4",
        "map",
        "chesapeake-lc-to-chesapeake-4",
    )
    for result in evaluation.results:
        assert "merged by the table nlcd-to-chesapeake-4, after the map was made" in result.notes[-2]
        assert "translated by the table chesapeake-lc-to-chesapeake-4" in result.notes[-1]
    assert [row.name for row in evaluation.area.rows] == list(comparison.legend.names)
    np.testing.assert_array_equal(comparison.seen[0].prediction, [[0, 3, 1, 1], [2, 3, 255, 255]])


def test_tables_that_do_not_meet_are_refused():
    nlcd, four = load_legend("nlcd"), load_legend("chesapeake-4")
    to_four = load_crosswalk("chesapeake-lc-to-chesapeake-4")
    with pytest.raises(UsageError) as error:
        Comparison(nlcd, merge=Merge(to_four))
    assert "nlcd-to-chesapeake-4" in error.value.remedy
    with pytest.raises(UsageError, match="those of nlcd are scored") as error:
        Comparison(nlcd, labels=LabelOptions(crosswalk=to_four))
    assert "--merge" in error.value.remedy
    # The codes are those of chesapeake-4, the classes are not.
    to_poland = load_crosswalk("openearthmap-8-to-poland-4")
    assert to_poland.target_legend.codes == four.codes
    with pytest.raises(UsageError, match="leads to the classes of poland-4"):
        Comparison(load_legend("chesapeake-lc"), labels=LabelOptions(crosswalk=to_poland), merge=Merge(to_four))
    with pytest.raises(UsageError, match="nlcd-to-chesapeake-4") as error:
        Comparison(four, labels=LabelOptions(crosswalk=load_crosswalk("nlcd-to-nlcd-paraformer")))
    assert "--crosswalk nlcd-to-chesapeake-4" in error.value.remedy
    with pytest.raises(UsageError, match="map, probability"):
        Merge(to_four, "chance")


def merged(tmp_path, maps, merge, codes, **labels):
    """Score a map against a reference that is not in the classes it was merged to."""
    legend = load_legend(maps)
    reference = write(tmp_path / "ref.tif", np.array([codes]), nodata=None)
    pair = Pair("x", write(tmp_path / "map.tif", np.full((1, len(codes)), legend.codes[0])), reference)
    Comparison(legend, merge=Merge(merge), labels=LabelOptions(**labels)).add(pair)


def test_a_reference_in_the_unmerged_classes_is_told_its_tables(tmp_path):
    to_poland = load_crosswalk("openearthmap-8-to-poland-4")
    with pytest.raises(DataError, match=r"ref\.tif.* that legend poland-4 does not have: 8 \(2 px\)") as error:
        merged(tmp_path, "openearthmap-8", to_poland, [1, 8, 8])
    likely, others = error.value.remedy.split(", or, if they have other classes")
    assert "--crosswalk openearthmap-8-to-poland-4 or openearthmap-8-to-poland-4-knaden" in likely
    assert "esri-lulc-to-poland-4" in others
    assert "openearthmap-8" not in others
    assert "chesapeake" not in others
    # Read with a table, a code that is in neither legend is the file's own fault.
    with pytest.raises(DataError, match="openearthmap-8 does not have: 77") as error:
        merged(tmp_path, "openearthmap-8", to_poland, [1, 8, 77], crosswalk=to_poland)
    assert "--crosswalk" not in error.value.remedy


def test_a_reference_that_needs_a_table_of_its_own(tmp_path):
    rules = dict.fromkeys(load_legend("isprs-6").codes, 1)
    own = Crosswalk(name="own", source="isprs-6", target="chesapeake-4", rules=rules)
    with pytest.raises(DataError) as error:
        merged(tmp_path, "isprs-6", own, [1, 15])
    assert "their classes: chesapeake-lc-to-chesapeake-4" in error.value.remedy
    nowhere = Crosswalk(name="nowhere", source="isprs-6", target="building", rules=rules)
    with pytest.raises(DataError, match=r"rules that lead to building") as error:
        merged(tmp_path, "isprs-6", nowhere, [1, 15])


def test_a_damaged_reference_is_not_blamed_on_its_classes(tmp_path):
    pair, _, _ = scene(tmp_path, "a", 0, shape=(600, 800))
    pair.reference.write_bytes(pair.reference.read_bytes()[:-100_000])
    comparison = Comparison(LEGEND, merge=Merge(load_crosswalk("openearthmap-8-to-poland-4")))
    with pytest.raises(DataError, match=r"a_ref\.tif") as error:
        comparison.add(pair)
    assert "--crosswalk" not in error.value.remedy


def test_previews_are_kept_for_the_first_scenes(tmp_path):
    comparison = Comparison(LEGEND, previews=1, side=40)
    first, prediction, _ = scene(tmp_path, "a", 0)
    comparison.add(first)
    comparison.add(scene(tmp_path, "b", 1)[0])
    (preview,) = comparison.seen
    assert preview.prediction.shape == (30, 40)
    assert np.isin(preview.prediction, prediction - 1).all()


def test_bad_input_says_what_is_wrong(tmp_path):
    pair, _, _ = scene(tmp_path, "a", 0)
    with pytest.raises(UsageError, match="nonsense"):
        evaluate_maps([pair], legend=LEGEND, protocols=("nonsense",))
    with pytest.raises(DataError, match="no map to compare"):
        evaluate_maps([], legend=LEGEND)
    with pytest.raises(DataError, match=r"missing\.tif"):
        evaluate_maps([Pair("a", pair.map, tmp_path / "missing.tif")], legend=LEGEND)
    with pytest.raises(DataError, match=r"ref\.tif"):
        evaluate_maps([Pair("a", pair.map, write(tmp_path / "ref.tif", np.full((60, 80), 77)))], legend=LEGEND)
    far = write(tmp_path / "far.tif", np.ones((60, 80)), transform=grid(east=800_000.0))
    with pytest.raises(DataError, match=r"far\.tif"):
        evaluate_maps([Pair("a", pair.map, far)], legend=LEGEND)
    nothing = write(tmp_path / "nothing.tif", np.full((60, 80), 255))
    with pytest.raises(DataError, match="nothing to score"):
        evaluate_maps([Pair("a", nothing, pair.reference)], legend=LEGEND)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9000), st.integers(1, 3000), st.integers(0, 50))
def test_chunks_cover_every_pixel_once(height, width, corner):
    windows = list(chunks([Window(corner, corner, height, width)]))
    assert sum(window.height * window.width for window in windows) == height * width
    assert len({(window.row, window.col) for window in windows}) == len(windows)
    assert max(window.height * window.width for window in windows) <= PIXELS
    assert max(window.row + window.height for window in windows) == corner + height


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 40), st.integers(1, 30))
def test_thumbnail_does_not_depend_on_the_windows(height, width, side, step):
    mask = np.random.default_rng(height * 100 + width).integers(0, 9, (height, width)).astype(np.uint8)
    whole, parts = Thumbnail(mask.shape, side), Thumbnail(mask.shape, side)
    whole.add(mask, Window(0, 0, height, width))
    for row in range(0, height, step):
        piece = mask[row : row + step]
        parts.add(piece, Window(row, 0, *piece.shape))
    assert np.array_equal(whole.values, parts.values)
    assert max(whole.values.shape) == min(side, max(mask.shape))
    assert whole.values.max() < 9
