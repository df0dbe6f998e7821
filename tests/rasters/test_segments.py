from __future__ import annotations

import sys

import numpy as np
import pytest

from landwright.errors import UsageError
from landwright.rasters.segments import PROVIDERS, segments


def halves(height: int = 40, width: int = 60, bands: int = 3) -> np.ndarray:
    """Dark on the left, bright on the right, with a little noise."""
    noise = np.random.default_rng(3).integers(0, 6, (height, width, bands))
    noise[:, width // 2 :] += 200
    return noise.astype(np.uint8)


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_pieces_keep_to_one_side_of_an_edge(name: str) -> None:
    found = segments(name, halves())
    assert (found.dtype, found.shape) == (np.int32, (40, 60))
    left, right = set(found[:, :29].ravel().tolist()), set(found[:, 31:].ravel().tolist())
    assert not left & right
    assert sorted(left | right | set(found.ravel().tolist())) == list(range(found.max() + 1))


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_the_same_image_gives_the_same_segments(name: str) -> None:
    image = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
    np.testing.assert_array_equal(segments(name, image), segments(name, image.copy()))


@pytest.mark.parametrize("name", sorted(PROVIDERS))
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (9, 1, 1), (3, 3, 2), (17, 33, 4), (0, 5, 3)])
def test_any_size_and_any_bands(name: str, shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    found = segments(name, image)
    assert found.shape == shape[:2]
    if shape[2] != 3:
        used = 3 if shape[2] > 3 else 1
        np.testing.assert_array_equal(found, segments(name, image[:, :, :used]))


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_flat_image(name: str) -> None:
    assert segments(name, np.full((12, 12, 3), 9, np.uint8)).max() == 0


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_nodata_is_a_segment_of_its_own_and_joins_nothing(name: str) -> None:
    image = np.zeros((30, 30, 3), np.uint8)
    valid = np.ones((30, 30), bool)
    valid[:, 14:16] = False
    found = segments(name, image, valid)
    assert len(np.unique(found[~valid])) == 1
    pieces = [set(found[:, part].ravel().tolist()) for part in (slice(0, 14), slice(14, 16), slice(16, 30))]
    assert not (pieces[0] & pieces[1] or pieces[0] & pieces[2] or pieces[1] & pieces[2])
    np.testing.assert_array_equal(segments(name, image, np.ones((30, 30), bool)), segments(name, image))
    assert segments(name, image, np.zeros((30, 30), bool)).max() == 0


def test_another_provider_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROVIDERS, "rows", lambda image: np.indices(image.shape[:2])[0] * 7)
    assert segments("rows", halves(3, 2)).tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize(("name", "words"), [("slicc", "Did you mean 'slic'"), ("x", "Known: 'felzenszwalb', 'slic'")])
def test_unknown_providers(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        segments(name, halves())


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(UsageError, match=r"landwright\[words\]"):
        segments("slic", halves())
