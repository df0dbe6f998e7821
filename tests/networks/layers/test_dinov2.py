import pytest
import torch

from landwright.networks.layers.dinov2 import GRID, DinoV2


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return DinoV2(3, 32, 4, 2).eval()


def test_the_position_table_is_used_as_it_is_on_its_own_grid(small):
    assert small.pos_embed.shape == (1, 1 + GRID**2, 32)
    assert small.positions((GRID, GRID)) is small.pos_embed


def test_rows_and_columns_of_positions_are_not_swapped(small):
    with torch.no_grad():
        table = small.pos_embed[:, 1:].unflatten(1, (GRID, GRID))
        table[..., 0] = torch.arange(GRID)[:, None].float()
        fitted = small.positions((9, 15))
    assert fitted.shape == (1, 136, 32)
    assert torch.equal(fitted[:, 0], small.pos_embed[:, 0])
    rows = fitted[0, 1:, 0].reshape(9, 15)
    assert (rows.diff(dim=0) > 0).all()
    torch.testing.assert_close(rows, rows[:, :1].expand_as(rows))


def test_the_offset_of_the_published_rule_moves_the_samples(small):
    with torch.no_grad():
        small.pos_embed[:, 1:].unflatten(1, (GRID, GRID))[..., 0] = torch.arange(GRID)[:, None].float()
        middle = small.positions((9, 9))[0, 1:, 0].reshape(9, 9)[4, 0]
    # The fifth of nine rows lies at 17.80 when the scale is 9.1 / 37, and at 18 when it is 9 / 37.
    assert middle.item() == pytest.approx(4.5 * GRID / 9.1 - 0.5, abs=0.06)


def test_taps_are_normalised_maps_of_the_last_blocks(small):
    with torch.no_grad():
        taps = small(torch.randn(2, 3, 28, 56))
    assert [tap.shape for tap in taps] == [(2, 32, 2, 4)] * 4
    for tap in taps:
        torch.testing.assert_close(tap.mean(1), torch.zeros(2, 2, 4), atol=1e-5, rtol=0)


def test_positions_keep_full_precision_under_autocast(small):
    plain = small.positions((5, 5))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(small.positions((5, 5)), plain)
