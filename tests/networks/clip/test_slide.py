"""The published windows."""

import pytest
import torch

from landwright.errors import UsageError
from landwright.networks.clip.slide import slide


class Recorder:
    """Scores two queries by the pixels themselves, and notes which windows it saw."""

    def __init__(self, edge=0.0):
        self.shapes, self.edge = [], edge

    def similarities(self, image):
        self.shapes.append(tuple(image.shape))
        scores = torch.stack([image.mean(1), image.sum(1)], 1)
        scores[..., 0] += self.edge
        return scores


def published(image, crop, stride, edge):
    """Sum up window by window, one at a time."""
    height, width = image.shape[-2:]
    sums, counts = torch.zeros(image.shape[0], 2, height, width), torch.zeros(height, width)
    rows, columns = (max(side - crop + stride - 1, 0) // stride + 1 for side in (height, width))
    for row in range(rows):
        for column in range(columns):
            bottom, right = min(row * stride + crop, height), min(column * stride + crop, width)
            here = (slice(max(bottom - crop, 0), bottom), slice(max(right - crop, 0), right))
            sums[:, :, *here] += Recorder(edge).similarities(image[:, :, *here])
            counts[here] += 1
    return sums / counts


@pytest.mark.parametrize("size", [(448, 448), (448, 378), (336, 252), (200, 310), (100, 90), (224, 225)])
@pytest.mark.parametrize("batch", [1, 4, 16])
def test_windows_as_published(size, batch):
    image = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    network = Recorder(edge=1.0)
    found = slide(network, image, batch=batch)
    torch.testing.assert_close(found, published(image, 224, 112, 1.0))
    assert found.dtype == torch.float32
    assert {shape[2:] for shape in network.shapes} == {(min(224, size[0]), min(224, size[1]))}
    assert all(shape[0] == batch for shape in network.shapes[:-1])


@pytest.mark.parametrize(("size", "number"), [((448, 448), 9), ((448, 378), 9), ((448, 336), 6), ((448, 252), 6)])
def test_number_of_windows(size, number):
    network = Recorder()
    slide(network, torch.zeros(1, 3, *size), batch=100)
    assert network.shapes == [(number, 3, 224, 224)]


@pytest.mark.parametrize(("crop", "stride", "batch"), [(32, 48, 1), (32, 0, 1), (0, 0, 1), (32, 16, 0)])
def test_windows_that_leave_gaps(crop, stride, batch):
    with pytest.raises(UsageError, match="leave gaps"):
        slide(Recorder(), torch.zeros(1, 3, 100, 100), crop=crop, stride=stride, batch=batch)


def test_other_windows():
    image = torch.randn(1, 3, 50, 61)
    torch.testing.assert_close(slide(Recorder(1.0), image, crop=20, stride=15), published(image, 20, 15, 1.0))
