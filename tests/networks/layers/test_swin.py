import pytest
import torch
from timm.models.swin_transformer_v2 import SwinTransformerV2

from landwright.networks.layers.swin import SwinBranch, position_tables, shift_mask, window_rule

SHAPE = {"embed_dim": 8, "depths": (2, 2, 2, 2), "num_heads": (1, 2, 4, 8)}


@pytest.mark.parametrize(
    ("size", "expected"),
    [((16, 16), (8, 4)), ((8, 8), (8, 0)), ((8, 16), (8, 0)), ((4, 9), (4, 0)), ((1, 1), (1, 0))],
)
def test_window_rule(size, expected):
    assert window_rule(*size, window=8) == expected


def native(branch, size):
    """A timm network built for one size, with the branch's weights and post-norms that do something."""
    torch.manual_seed(0)
    whole = SwinTransformerV2(img_size=size, num_classes=0, window_size=8, **SHAPE).eval()
    for parameter in whole.parameters():
        parameter.data.normal_(std=0.2)
    branch.load_state_dict({k: v for k, v in whole.state_dict().items() if not k.startswith("norm.")})
    return whole


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (128, 128), (256, 256), (288, 288), (320, 448)])
def test_equals_a_network_built_for_the_size(size):
    branch = SwinBranch(3, "figure", **SHAPE).eval()
    whole = native(branch, size)
    x = torch.randn(2, 3, *size)
    with torch.no_grad():
        taps, tokens = branch(x), whole.patch_embed(x)
        for tap, stage in zip(taps, whole.layers, strict=True):
            tokens = stage(tokens)
            torch.testing.assert_close(tap, tokens.permute(0, 3, 1, 2), atol=2e-5, rtol=1e-4)


def test_the_shorter_side_decides_for_both_axes():
    branch = SwinBranch(3, "figure", **SHAPE).eval()
    whole = native(branch, (256, 512))
    for block in whole.layers[3].blocks:
        block.shift_size, block.attn_mask = (0, 0), None
    x = torch.randn(1, 3, 256, 512)
    with torch.no_grad():
        expected = whole.layers(whole.patch_embed(x)).permute(0, 3, 1, 2)
        torch.testing.assert_close(branch(x)[3], expected, atol=2e-5, rtol=1e-4)


def test_taps():
    weights = None
    seen = {}
    for taps in ("figure", "released", "legacy"):
        branch = SwinBranch(3, taps, **SHAPE).eval()
        if weights is None:
            for parameter in branch.parameters():
                parameter.data.normal_(std=0.2)
            weights = branch.state_dict()
        branch.load_state_dict({k: v for k, v in weights.items() if k in branch.state_dict()})
        with torch.no_grad():
            seen[taps] = branch(torch.ones(1, 3, 64, 64))
        assert [tap.shape[1] for tap in seen[taps]] == [8, 16, 32, 64]
    assert torch.equal(seen["released"][3], seen["figure"][3])
    assert all(torch.equal(a, b) for a, b in zip(seen["released"][:3], seen["legacy"][:3], strict=True))
    assert not torch.allclose(seen["released"][3], seen["legacy"][3])
    assert not torch.allclose(seen["released"][0], seen["figure"][0])


def test_legacy_has_no_idle_blocks():
    assert not any("layers.3.blocks" in name for name in SwinBranch(3, "legacy", **SHAPE).state_dict())


def test_tables():
    table, index = position_tables(4, torch.device("cpu"), torch.float32)
    assert table.shape == (49, 2)
    assert index.shape == (16, 16)
    assert table[index[5, 5]].tolist() == [0.0, 0.0]
    assert table[index[15, 0]].tolist() == pytest.approx([3.1699 / 3, 3.1699 / 3], abs=1e-4)


def test_mask_keeps_regions_apart():
    mask = shift_mask(16, 8, 8, 4, torch.device("cpu"), torch.float32)
    assert mask.shape == (2, 1, 64, 64)
    assert set(mask.unique().tolist()) == {-100.0, 0.0}
    assert mask[0, 0, 0, 32] == 0
    assert mask[0, 0, 0, 7] == -100
    assert mask[1, 0, 0, 32] == -100
