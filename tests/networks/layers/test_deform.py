import pytest
import torch

from landwright.networks.layers.deform import DeformConv2d, sample_taps


def test_zero_offsets_are_a_plain_convolution():
    torch.manual_seed(0)
    layer = DeformConv2d(3, 5)
    torch.nn.init.zeros_(layer.p_conv.weight)
    torch.nn.init.zeros_(layer.p_conv.bias)
    x = torch.randn(2, 3, 7, 6)
    torch.testing.assert_close(layer(x), torch.conv2d(x, layer.conv.weight, padding=1), atol=1e-5, rtol=1e-4)


def test_row_offsets_come_first():
    x = torch.arange(20.0).view(1, 1, 4, 5)
    offsets = torch.zeros(1, 18, 4, 5)
    offsets[:, :9] = 1.0
    centre = sample_taps(x, offsets).view(1, 9, 4, 5)[:, 4]
    assert torch.equal(centre[0, :3].round(), x[0, 0, 1:])
    assert centre[0, 3].abs().max() < 1e-4


def test_outside_is_zero():
    assert sample_taps(torch.ones(1, 1, 3, 3), torch.full((1, 18, 3, 3), 40.0)).abs().max() == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (5, 1)])
def test_maps_of_one_row_or_column(size):
    layer = DeformConv2d(2, 2)
    out = layer(torch.randn(1, 2, *size))
    assert out.shape == (1, 2, *size)
    assert out.isfinite().all()


def test_gradients():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64, generator=generator, requires_grad=True)
    # Away from whole pixels, where bilinear sampling has a kink.
    offsets = torch.randint(-2, 3, (1, 18, 4, 5), generator=generator) + 0.2
    offsets = (offsets + 0.6 * torch.rand(1, 18, 4, 5, generator=generator)).double().requires_grad_()
    assert torch.autograd.gradcheck(sample_taps, (x, offsets))
