import torch

from landwright.networks.layers.patchvit import GRID, PatchViT, fit_by_size


def table():
    """Positions that are their own row and column, and 100 for the class token."""
    rows, columns = torch.meshgrid(torch.arange(GRID).float(), torch.arange(GRID).float(), indexing="ij")
    return torch.cat((torch.full((1, 2), 100.0), torch.stack((rows, columns), -1).flatten(0, 1)))


def test_the_table_is_used_as_it_is_on_its_own_grid():
    own = table()
    assert fit_by_size(own, (GRID, GRID), (GRID, GRID)) is own


def test_rows_and_columns_are_not_swapped_and_nothing_is_smoothed():
    fitted = fit_by_size(table(), (GRID, GRID), (7, 28))
    assert torch.equal(fitted[0], torch.tensor([100.0, 100.0]))
    rows, columns = fitted[1:].reshape(7, 28, 2).unbind(-1)
    # Bicubic without antialiasing reads between two rows of four; with it the ends would be drawn inwards.
    torch.testing.assert_close(rows[3], torch.full((28,), 6.5))
    torch.testing.assert_close(rows[1:-1].diff(dim=0), torch.full((4, 28), 2.0))
    assert (columns.diff(dim=1) > 0).all()


def test_tokens_of_any_grid():
    torch.manual_seed(0)
    vit = PatchViT(2, 24, 1, 2, fit_by_size)
    tokens = vit.embed(torch.randn(2, 2, 32, 80))
    assert tokens.shape == (2, 1 + 2 * 5, 24)
    torch.testing.assert_close(tokens[0, 0], (vit.cls_token[0, 0] + vit.pos_embed[0, 0]))
