import pytest
import torch
import torch.nn.functional as F

from landwright.networks import create_network
from landwright.networks.ctfa import multi_scale_cams


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return create_network("ctfa", classes=4, encoder="compact")


def image(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def test_every_map_reaches_from_zero_to_one(network):
    for cam in multi_scale_cams(network, image(2, 3, 64, 48)):
        assert cam.shape == (2, 3, 64, 48)
        assert not cam.requires_grad
        assert torch.equal(cam.amin((2, 3)), torch.zeros(2, 3))
        assert (cam.amax((2, 3)) <= 1).all()


def test_one_scale_by_hand(network):
    x = image(1, 3, 32, 48)
    large = [F.interpolate(network.cams(one)[0], size=(32, 48), mode="bilinear") for one in (x, x.flip(-1))]
    wanted = torch.maximum(large[0], large[1].flip(-1)).relu()
    wanted = wanted - wanted.amin((2, 3), keepdim=True)
    wanted = wanted / (wanted.amax((2, 3), keepdim=True) + 1e-5)
    torch.testing.assert_close(multi_scale_cams(network, x, scales=(1,))[0], wanted)


def test_a_mirrored_image_has_mirrored_maps(network):
    x = image(1, 3, 64, 64)
    plain, mirrored = multi_scale_cams(network, x), multi_scale_cams(network, x.flip(-1))
    for one, other in zip(plain, mirrored, strict=True):
        torch.testing.assert_close(other.flip(-1), one, atol=1e-4, rtol=0)


def test_odd_sizes_are_cropped_and_not_squeezed():
    class Rows:
        """A network whose maps are the number of the row of tokens."""

        class layout:
            stride = 8

        def cams(self, image):
            rows = torch.arange(-(-image.shape[2] // 8), dtype=torch.float32)
            cam = rows[None, None, :, None].expand(len(image), 1, -1, -(-image.shape[3] // 8))
            return cam, cam

    cam, _ = multi_scale_cams(Rows(), torch.zeros(1, 3, 36, 20), scales=(1, 0.5))
    assert cam.shape == (1, 1, 36, 20)
    assert (cam[0, 0, 4:, 0].diff() >= 0).all()
    alone, _ = multi_scale_cams(Rows(), torch.zeros(1, 3, 36, 20), scales=(1,))
    # Row 20 lies half a pixel past the border of the third row of tokens' centre, of 4.5 rows that the image has.
    steps = alone[0, 0, 4:32, 0].diff()
    torch.testing.assert_close(steps, steps[:1].expand_as(steps), atol=1e-4, rtol=0)


def test_what_is_not_valid_does_not_stretch_the_maps():
    class Bands:
        """A network whose maps are the first band."""

        class layout:
            stride = 1

        def cams(self, image):
            return image[:, :1], image[:, :1]

    x = torch.linspace(1, 2, 8).expand(2, 3, 8, 8).clone()
    x[:, :, :, 6] = 50
    x[:, :, :, 7] = 0
    valid = torch.ones(2, 8, 8, dtype=torch.bool)
    valid[0, :, 6:], valid[1] = False, False
    cams = multi_scale_cams(Bands(), x, scales=(1,), valid=valid)
    plain, _ = multi_scale_cams(Bands(), x, scales=(1,))
    for cam in cams:
        assert not cam[0, 0, :, 6:].any()
        assert not cam[1].any()
        seen = cam[0, 0, :, :6]
        assert seen.amin() == 0
        assert seen.amax() == pytest.approx(1, abs=1e-3)
    assert plain[0, 0, :, :6].amax() < 0.1


def test_mixed_precision_gives_whole_numbers(network):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cam, _ = multi_scale_cams(network, image(1, 3, 32, 32))
    assert cam.dtype == torch.float32
