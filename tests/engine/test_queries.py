"""Maps from words: what the engine makes of a raster is what the published windows make of the whole image."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from torch import Tensor
from torch.nn import functional

from landwright.bundles import Bundle, Card, NetworkCard, Normalization, TilingCard, WordsCard
from landwright.engine import PredictOptions, predict_raster, stream
from landwright.engine.heads import QueryHead
from landwright.engine.queries import Similarities, check_words
from landwright.engine.ring import RingBuffer
from landwright.engine.stream import Tiling
from landwright.errors import DataError, UsageError
from landwright.legends import Crosswalk
from landwright.legends.vocabulary import parse_words
from landwright.maps import legend_yaml
from landwright.networks import Outputs, create_network
from landwright.networks.clip.slide import slide
from landwright.words import DenseClip, resize_long_side

pytest.importorskip("open_clip", reason="open_clip comes with the extra words")
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

WORDS = "building, roof; road; tree, forest; water; background"


def read(path: Path | None) -> np.ndarray:
    assert path is not None
    with rasterio.open(path) as file:
        return file.read(1)


def normalised(bundle: Bundle, image: np.ndarray) -> Tensor:
    scale, shift = bundle.card.normalization.coefficients()
    return torch.from_numpy(image * scale + shift)[None]


def expected(bundle: Bundle, similarities: Tensor) -> tuple[np.ndarray, np.ndarray]:
    indices, shares = bundle.network.rule.decide(similarities[0])
    return bundle.legend.decode(indices.numpy()), shares.mul(100).round().numpy()


def assert_same(result: Any, codes: np.ndarray, percent: np.ndarray) -> None:
    assert len(np.unique(codes)) > 1, "a map of one class would prove nothing"
    np.testing.assert_array_equal(read(result.path), codes)
    assert np.abs(read(result.confidence).astype(int) - percent).max() <= 1


@pytest.mark.parametrize("shape", [(300, 610), (700, 500), (130, 90)])
@torch.inference_mode()
def test_the_published_pipeline_is_that_of_the_whole_image(
    looking: Any, clip_file: Path, ground: Any, write: Any, tmp_path: Path, shape: tuple[int, int]
) -> None:
    bundle, image = looking("rs-ovss"), ground(*shape)
    result = predict_raster(bundle, write(image), tmp_path / "map.tif", options=PredictOptions(device="cpu"))
    small = resize_long_side(np.ascontiguousarray(image.transpose(1, 2, 0)), 448).transpose(2, 0, 1)
    seen = slide(bundle.network, normalised(bundle, small), crop=224, stride=112)
    codes, percent = expected(bundle, functional.interpolate(seen, shape, mode="bilinear"))
    assert_same(result, codes, percent)
    assert result.valid == shape[0] * shape[1]
    clip = DenseClip("own", clip_file, activation="gelu")
    found = clip.segment(image.transpose(1, 2, 0), parse_words(WORDS), preset="rs-ovss", templates="single")
    # It subtracts the mean first, which rounds otherwise: a pixel between two classes may fall to the other.
    assert np.count_nonzero(bundle.legend.decode(found.indices) != codes) <= 1e-5 * codes.size


@torch.inference_mode()
def test_uniform_windows_without_resizing_are_the_published_ones(
    looking: Any, ground: Any, write: Any, tmp_path: Path
) -> None:
    bundle, image = looking(), ground(150, 201)
    options = PredictOptions(tile=64, overlap=0.5, blend="uniform", device="cpu")
    result = predict_raster(bundle, write(image), tmp_path / "map.tif", options=options)
    seen = slide(bundle.network, normalised(bundle, image), crop=64, stride=32)
    assert_same(result, *expected(bundle, seen))
    assert result.windows == 4 * 6


def test_the_map_does_not_depend_on_the_batch(looking: Any, ground: Any, write: Any, tmp_path: Path) -> None:
    bundle, path = looking(), write(ground(150, 201))
    maps = []
    for batch in (1, 5, None):
        options = PredictOptions(device="cpu", batch=batch, overwrite=True)
        result = predict_raster(bundle, path, tmp_path / "map.tif", options=options)
        maps.append((read(result.path), read(result.confidence).astype(int)))
    for codes, percent in maps[1:]:
        np.testing.assert_array_equal(codes, maps[0][0])
        assert np.abs(percent - maps[0][1]).max() <= 1


def test_no_data_stays_unmapped_and_the_rest_is_told(looking: Any, ground: Any, write: Any, tmp_path: Path) -> None:
    image = ground(200, 900)
    image[:, :, 700:] = 0
    bundle = looking("rs-ovss", words="Straße; building; water", upsampler="none")
    bundle = replace(
        bundle, card=bundle.card.model_copy(update={"words": bundle.card.words.model_copy(update={"resize": 160})})
    )
    result = predict_raster(bundle, write(image, nodata=0), tmp_path / "map.tif")
    assert (read(result.path)[:, 700:] == 255).all()
    assert (read(result.path)[:, :690] != 255).mean() > 0.999
    assert any("reduced 5.62 times" in text for text in result.warnings)
    assert any("do not look English" in text or "does not look English" in text for text in result.warnings)
    with rasterio.open(result.path) as file:
        assert json.loads(file.tags()["SETTINGS"])["resize"] == 160


def test_a_part_of_the_raster_can_be_mapped_small(looking: Any, ground: Any, write: Any, tmp_path: Path) -> None:
    path = write(ground(120, 300))
    ring = [[500_010, 5_299_990], [500_050, 5_299_990], [500_050, 5_299_970], [500_010, 5_299_970]]
    named = {"type": "name", "properties": {"name": "EPSG:32632"}}
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]], "crs": named}))
    result = predict_raster(looking("rs-ovss"), path, tmp_path / "map.tif", options=PredictOptions(aoi=area))
    inside = np.zeros((120, 300), bool)
    inside[20:60, 20:100] = True
    np.testing.assert_array_equal(read(result.path) != 255, inside)
    nowhere = np.zeros((3, 60, 60), np.uint8)
    with pytest.raises(DataError, match="no valid pixel"):
        predict_raster(looking("rs-ovss"), write(nowhere, "empty.tif", nodata=0), tmp_path / "none.tif")


@pytest.mark.parametrize("tta", ["flip", "scale", "flip-scale"])
@pytest.mark.parametrize("preset", ["landwright", "rs-ovss"])
def test_augmented(looking: Any, ground: Any, write: Any, tmp_path: Path, preset: str, tta: Any) -> None:
    result = predict_raster(
        looking(preset), write(ground(70, 120)), tmp_path / "map.tif", options=PredictOptions(tta=tta)
    )
    assert result.valid == 70 * 120


def test_snapping_makes_pieces(looking: Any, ground: Any, write: Any, tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="scikit-image comes with the extra words")
    bundle, path = looking(), write(ground(128, 128))
    edges = []
    for name, snap in (("plain", None), ("snapped", "felzenszwalb")):
        result = predict_raster(bundle, path, tmp_path / f"{name}.tif", options=PredictOptions(snap=snap, tile=128))
        percent = read(result.confidence).astype(int)
        edges.append(np.count_nonzero(np.diff(percent, axis=0)) + np.count_nonzero(np.diff(percent, axis=1)))
    assert edges[1] < edges[0] / 2
    with rasterio.open(tmp_path / "snapped.tif") as file:
        assert json.loads(file.tags()["SETTINGS"])["snap"] == "felzenszwalb"


def test_pixels_are_shown_at_another_ground_size(looking: Any, ground: Any, write: Any, tmp_path: Path) -> None:
    bundle, path = looking(), write(ground(100, 160))
    seen: list[tuple[int, ...]] = []
    encode = bundle.network.similarities

    def watching(image: Tensor) -> Tensor:
        seen.append(tuple(image.shape))
        found: Tensor = encode(image)
        return found

    bundle.network.similarities = watching
    result = predict_raster(bundle, path, tmp_path / "map.tif", options=PredictOptions(at_gsd=0.25, batch=2))
    assert set(seen) == {(2, 3, 64, 64)}, "32 pixels of 0.5 m are shown as 64 of 0.25 m"
    assert result.windows == 6 * 9
    with rasterio.open(result.path) as file:
        assert json.loads(file.tags()["SETTINGS"])["at_gsd"] == 0.25
    seen.clear()
    predict_raster(bundle, path, tmp_path / "b.tif", options=PredictOptions(at_gsd=1.0, tile=100, batch=1))
    assert {shape[2:] for shape in seen} == {(50, 50)}, "a tile that is named is in pixels of the image"
    with rasterio.open(tmp_path / "flat.png", "w", driver="PNG", count=3, height=70, width=70, dtype="uint8") as file:
        file.write(ground(70, 70))
    with pytest.raises(DataError, match="unknown ground size"):
        predict_raster(bundle, tmp_path / "flat.png", tmp_path / "c.tif", options=PredictOptions(at_gsd=1.0))


@torch.inference_mode()
def test_coarser_than_the_image_sums_stay_small(
    looking: Any, ground: Any, write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, image = looking(), ground(310, 420)
    sums: list[tuple[int, ...]] = []

    class Watching(RingBuffer):
        def __init__(self, *shape: Any) -> None:
            sums.append(shape[:3])
            super().__init__(*shape)

    monkeypatch.setattr(stream, "RingBuffer", Watching)
    options = PredictOptions(at_gsd=1.5, blend="uniform", overlap=0.5, device="cpu")
    result = predict_raster(bundle, write(image), tmp_path / "map.tif", options=options)
    assert sums == [(bundle.network.rule.queries, 64, 140)]
    whole = torch.from_numpy(image.astype(np.float32))[None]
    small = functional.interpolate(whole, (103, 140), mode="bilinear", antialias=True)[0].numpy()
    seen = slide(bundle.network, normalised(bundle, small), crop=64, stride=32)
    codes, percent = expected(bundle, functional.interpolate(seen, image.shape[1:], mode="bilinear"))
    assert len(np.unique(codes)) > 1
    assert np.count_nonzero(read(result.path) != codes) <= 1e-4 * codes.size
    assert np.abs(read(result.confidence).astype(int) - percent).max() <= 1
    assert result.valid == 310 * 420
    with rasterio.open(result.path) as file:
        assert json.loads(file.tags()["SETTINGS"])["tile"] == 192, "in pixels of the image"


@pytest.mark.parametrize("tta", ["none", "flip-scale"])
def test_reduced_with_nodata_segments_and_copies(
    looking: Any, ground: Any, write: Any, tmp_path: Path, tta: Any
) -> None:
    pytest.importorskip("skimage", reason="scikit-image comes with the extra words")
    image = np.maximum(ground(200, 260), 1)
    image[:, :, 150:] = 0
    options = PredictOptions(at_gsd=1.3, tta=tta, snap="slic")
    result = predict_raster(looking(), write(image, nodata=0), tmp_path / "map.tif", options=options)
    inside = (image != 0).all(axis=0)
    np.testing.assert_array_equal(read(result.path) != 255, inside)
    assert result.valid == np.count_nonzero(inside)


@pytest.mark.parametrize("at_gsd", [0.001, 100.0])
def test_a_size_beyond_use_leaves_nothing(looking: Any, ground: Any, write: Any, tmp_path: Path, at_gsd: float) -> None:
    with pytest.raises(DataError) as error:
        predict_raster(
            looking(), write(ground(90, 90)), tmp_path / "maps" / "map.tif", options=PredictOptions(at_gsd=at_gsd)
        )
    assert "--at-gsd" in (error.value.remedy or "")
    assert not (tmp_path / "maps").exists()


def test_a_model_that_says_no_numbers_makes_no_map(looking: Any, ground: Any, write: Any, tmp_path: Path) -> None:
    bundle = looking()
    bundle.network.queries[0] = float("nan")
    with pytest.raises(DataError, match="no pixel with finite scores"):
        predict_raster(bundle, write(ground(90, 90)), tmp_path / "maps" / "map.tif")
    assert not list((tmp_path / "maps").glob("*"))


def test_words_are_merged_by_probability(looking: Any, ground: Any, write: Any, tmp_path: Path) -> None:
    bundle = looking()
    source = tmp_path / "five.legend.yaml"
    source.write_text(legend_yaml(bundle.legend), encoding="utf-8")
    table = Crosswalk.model_validate(
        {
            "name": "built",
            "source": str(source),
            "target": "building",
            "rules": {1: 1, 2: 0, 3: 0, 4: 0, 5: "ignore"},
        }
    )
    result = predict_raster(bundle, write(ground(90, 90)), tmp_path / "map.tif", options=PredictOptions(merge=table))
    assert set(np.unique(read(result.path))) <= {0, 1}


def test_options_of_words_need_a_model_of_words(bundle: Bundle, looking: Any) -> None:
    for options, name in ((PredictOptions(resize=448), "--resize"), (PredictOptions(snap="slic"), "--snap")):
        with pytest.raises(UsageError, match=f"{name} is for models of words, and nearest is none"):
            check_words(bundle, options)
    assert check_words(bundle, PredictOptions()) == 0
    published = looking("rs-ovss")
    assert check_words(published, PredictOptions()) == 448
    assert check_words(published, PredictOptions(resize=0)) == 0
    assert check_words(published, PredictOptions(resize=896, blend="uniform")) == 896
    assert check_words(looking(), PredictOptions()) == 0
    with pytest.raises(UsageError, match="--at-gsd has no meaning"):
        check_words(published, PredictOptions(at_gsd=0.3))
    with pytest.raises(UsageError, match="blend cosine has no meaning"):
        check_words(published, PredictOptions(blend="cosine"))


def test_a_network_that_tells_nothing_of_words() -> None:
    with pytest.raises(UsageError, match="nothing of words"):
        QueryHead(3)([Outputs(torch.zeros(1, 2, 4, 4))], torch.zeros(1, 3, 4, 4))


def test_windows_of_the_asked_network(looking: Any) -> None:
    network, image = looking().network, torch.randn(1, 3, 80, 100)
    whole = Similarities(network)(image)
    assert whole.classes is None
    assert torch.equal(whole.queries, network.similarities(image))
    cut = Similarities(network, Tiling(64, 0.5, "uniform", 2))(image)
    torch.testing.assert_close(cut.queries, slide(network, image, crop=64, stride=32))


@pytest.mark.slow
def test_scores_that_do_not_compete(ground: Any, write: Any, tmp_path: Path) -> None:
    """SAM 3 goes the same way: its scores are averaged, and the best word wins."""
    pytest.importorskip("transformers", reason="transformers comes with the extra sam")
    words = parse_words("roof; road; sea")
    torch.manual_seed(0)
    card = Card(
        name="sam3",
        regime="imported",
        network=NetworkCard(name="sam3", options={"architecture": "compact"}, classes=3),
        bands=("red", "green", "blue"),
        normalization=Normalization(mean=(0.5,) * 3, std=(0.5,) * 3),
        legend=words.legend(),
        tiling=TilingCard(tile=56, overlap=0.5, blend="uniform"),
        words=WordsCard(model="sam3", vocabulary=words),
    )
    network = create_network("sam3", classes=3, architecture="compact").eval()
    bundle, image = Bundle(card, network), ground(60, 90)
    seen, whole = network.similarities, normalised(bundle, image)
    with torch.inference_mode():
        middle = slide(network, whole, crop=56, stride=28).mean(dim=(2, 3), keepdim=True)
    # With random weights all words score nearly alike: the second gets the opposite of the first.
    spread = torch.tensor([20.0, -20.0, 10.0])[:, None, None]
    network.similarities = lambda image: ((seen(image) - middle) * spread + 0.5).clamp(0, 1)
    result = predict_raster(bundle, write(image), tmp_path / "map.tif")
    assert result.valid == 60 * 90
    with torch.inference_mode():
        mean = slide(network, whole, crop=56, stride=28)[0]
    best, word = mean.max(dim=0)
    assert_same(result, bundle.legend.decode(word.to(torch.uint8).numpy()), best.mul(100).round().numpy())
