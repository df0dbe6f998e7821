from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F

from landwright.networks.layers.dpt import DPTHead, Fusion, ResidualUnit

FACTORS = (Fraction(4), Fraction(2), Fraction(1), Fraction(1, 2))


def head(classes):
    torch.manual_seed(0)
    return DPTHead((8, 8, 8, 8), FACTORS, 4, (3, 4, 5, 6), classes).eval()


def taps(rows, columns):
    return [torch.randn(2, 8, rows, columns) for _ in range(4)]


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 5), (1, 4)])
@pytest.mark.parametrize(("classes", "channels"), [(None, 1), (7, 7)])
def test_any_grid_of_tokens(rows, columns, classes, channels):
    size = (14 * rows, 14 * columns)
    with torch.no_grad():
        assert head(classes)(taps(rows, columns), size).shape == (2, channels, *size)


def test_a_residual_unit_adds_what_it_was_given_before_the_first_activation():
    unit = ResidualUnit(4).eval()
    for parameter in unit.conv2.parameters():
        torch.nn.init.zeros_(parameter)
    negative = -torch.rand(1, 4, 3, 3)
    with torch.no_grad():
        assert torch.equal(unit(negative), negative)
    assert (negative < 0).all()


def test_the_deepest_level_has_no_unit_of_its_own():
    network = head(2)
    assert [fusion.skip is None for fusion in network.fusions] == [False, False, False, True]
    fusion, level = Fusion(4, deepest=True).eval(), torch.randn(1, 4, 3, 3)
    with torch.no_grad():
        wanted = fusion.out(F.interpolate(fusion.refine(level), (5, 6), mode="bilinear", align_corners=True))
        torch.testing.assert_close(fusion(level, None, (5, 6)), wanted)


def test_heights_are_linear():
    network = head(None)
    with torch.no_grad():
        network.tail.layers[1].bias.fill_(-5.0)
        assert network(taps(2, 2), (28, 28)).min() < 0
    assert not any(isinstance(module, torch.nn.ReLU) for module in network.modules())
