import pytest
import torch

from landwright.networks.layers.vit import TokenTransformer, resize_positions


def numbered(side):
    """A table that holds row and column of its tokens."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack((rows.flatten(), columns.flatten()), dim=1)[None].float()


def test_the_same_grid_gets_the_table_itself():
    table = numbered(4)
    assert resize_positions(table, (4, 4)) is table


@pytest.mark.parametrize("grid", [(7, 7), (3, 9), (2, 5), (10, 4)])
def test_corners_stay_and_between_them_it_is_linear(grid):
    rows, columns = resize_positions(numbered(4), grid)[0].T.reshape(2, *grid)
    torch.testing.assert_close(rows, torch.linspace(0, 3, grid[0])[:, None].expand(grid))
    torch.testing.assert_close(columns, torch.linspace(0, 3, grid[1]).expand(grid))


def test_one_token():
    assert resize_positions(numbered(4), (1, 1)).shape == (1, 1, 2)
    assert resize_positions(numbered(1), (2, 3)).shape == (1, 6, 2)


def test_tokens_are_in_rows():
    """Without blocks, each pixel meets the position of its own row and column."""
    transformer = TokenTransformer(2, 0, 1, grid=3, drop_rate=0.0)
    transformer.pos_embed.data = numbered(3)
    transformer.norm = torch.nn.Identity()
    found = transformer(torch.zeros(1, 2, 3, 3))
    assert torch.equal(found[0, 0], torch.arange(3.0)[:, None].expand(3, 3))
    assert torch.equal(found[0, 1], torch.arange(3.0).expand(3, 3))


def test_fresh_weights_are_timms():
    torch.manual_seed(0)
    transformer = TokenTransformer(64, 1, 4, grid=4, drop_rate=0.1)
    linear = transformer.blocks[0].attn.qkv
    assert linear.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert not linear.bias.any()
    assert transformer.pos_embed.std().item() == pytest.approx(0.02, rel=0.2)
