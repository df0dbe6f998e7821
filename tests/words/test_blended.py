import pytest
import torch

from landwright.errors import UsageError
from landwright.words.blended import blended


class Reading:
    """Gives back the window, and notes how many windows come at a time."""

    def __init__(self):
        self.batches = []

    def similarities(self, image):
        self.batches.append(len(image))
        return image[:, :2]


class Centred:
    """Scores that depend on the place in the window alone: 1 in the middle pixel rows, else 0."""

    def similarities(self, image):
        scores = torch.zeros(len(image), 1, *image.shape[-2:])
        scores[..., image.shape[-2] // 4 : -image.shape[-2] // 4, :] = 1
        return scores


@pytest.mark.parametrize("blend", ["cosine", "uniform"])
@pytest.mark.parametrize("size", [(16, 16), (16, 45), (37, 50)])
def test_what_all_windows_agree_on_stays(blend, size):
    image = torch.randn(3, *size)
    network = Reading()
    found = blended(network, image, crop=16, stride=8, blend=blend, batch=3)
    assert torch.allclose(found, image[:2], atol=1e-6)
    assert max(network.batches) <= 3
    assert torch.equal(found, blended(Reading(), image, crop=16, stride=8, blend=blend, batch=100))


def test_the_middle_of_a_window_counts_more():
    image = torch.zeros(3, 40, 16)
    cosine, uniform = (blended(Centred(), image, crop=16, stride=8, blend=name) for name in ("cosine", "uniform"))
    assert cosine[0, 8:32].mean() > uniform[0, 8:32].mean() + 0.1


def test_no_windows():
    for wrong in ({"stride": 9, "batch": 1}, {"stride": 0, "batch": 1}, {"stride": 4, "batch": 0}):
        for blend in ("cosine", "uniform"):
            with pytest.raises(UsageError, match="leave gaps or do not exist"):
                blended(Reading(), torch.zeros(3, 8, 8), crop=8, blend=blend, **wrong)
