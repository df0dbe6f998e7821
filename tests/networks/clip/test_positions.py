"""Position tables of another size."""

import pytest
import torch
import torch.nn.functional as F

from landwright.networks.clip.positions import fit_positions, merge_positions, stretch_positions


def table(entries, channels=6):
    return torch.randn(entries, channels, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("prefix", [0, 1])
@pytest.mark.parametrize("antialias", [False, True])
def test_the_native_grid_is_left_alone(prefix, antialias):
    own = table(prefix + 16)
    assert fit_positions(own, (4, 4), (4, 4), prefix=prefix, antialias=antialias) is own


@pytest.mark.parametrize("prefix", [0, 1])
def test_the_scale_carries_a_tenth_of_a_patch(prefix):
    own = table(prefix + 16)
    found = fit_positions(own, (4, 4), (6, 9), prefix=prefix)
    square = own[prefix:].T.reshape(1, 6, 4, 4)
    wanted = F.interpolate(square, scale_factor=(6.1 / 4, 9.1 / 4), mode="bicubic")
    assert torch.equal(found[:prefix], own[:prefix])
    torch.testing.assert_close(found[prefix:], wanted[0].flatten(1).T)
    by_size = F.interpolate(square, (6, 9), mode="bicubic")[0].flatten(1).T
    assert not torch.allclose(found[prefix:], by_size, atol=1e-3)


def test_gem_smooths():
    own = table(17)
    found = fit_positions(own, (4, 4), (3, 2), antialias=True)
    wanted = F.interpolate(own[1:].T.reshape(1, 6, 4, 4), (3, 2), mode="bicubic", antialias=True)
    torch.testing.assert_close(found[1:], wanted[0].flatten(1).T)


def test_half_precision_keeps_its_type():
    assert fit_positions(table(17).bfloat16(), (4, 4), (3, 5)).dtype == torch.bfloat16


def test_longclip_reads_the_first_twenty_from_one_table_and_the_rest_from_the_other():
    first, second = table(248), table(248) + 1
    merged = merge_positions(first, second)
    assert torch.equal(merged[:20], first[:20])
    assert torch.equal(merged[20:], second[20:])


def test_stretching():
    own = table(77)
    long = stretch_positions(own)
    assert long.shape == (248, 6)
    assert torch.equal(long[:20], own[:20])
    assert torch.equal(long[20::4], own[20:])
    torch.testing.assert_close(long[22], (own[20] + own[21]) / 2)
    torch.testing.assert_close(long[243], own[75] / 4 + own[76] * 3 / 4)
    torch.testing.assert_close(long[247], own[76] + 0.75 * (own[76] - own[75]))
