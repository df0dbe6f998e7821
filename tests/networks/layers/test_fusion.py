import torch

from landwright.networks.layers.fusion import BiFusion, ConvUnit, GatedUp, initialise


def test_fusion_keeps_the_cnn_map_s_shape():
    out = BiFusion(8, 12, 2, 6, 0.0)(torch.randn(2, 8, 9, 7), torch.randn(2, 12, 9, 7))
    assert out.shape == (2, 8, 9, 7)


def test_up_takes_odd_sizes():
    out = GatedUp(6, 4, 5)(torch.randn(2, 6, 4, 3), torch.randn(2, 4, 7, 5))
    assert out.shape == (2, 5, 7, 5)


def test_initialisation_is_kaiming_over_the_fan_in():
    torch.manual_seed(0)
    unit = ConvUnit(64, 256)
    initialise(unit)
    assert abs(unit.conv.weight.std().item() - (2 / (64 * 9)) ** 0.5) < 1e-3
    assert unit.conv.bias.abs().max() <= (64 * 9) ** -0.5
