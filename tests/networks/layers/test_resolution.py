import torch

from landwright.networks.layers.resolution import ResolutionBlock, ResolutionCNN


def test_levels():
    cnn = ResolutionCNN(5, 8, (32, 64, 96), groups=16)
    shapes = [tuple(level.shape) for level in cnn(torch.randn(2, 5, 64, 96))]
    assert shapes == [(2, 8, 64, 96), (2, 32, 32, 48), (2, 64, 16, 24), (2, 96, 4, 6)]


def test_branches_have_half_the_channels_each():
    block = ResolutionBlock(16)
    assert [(branch[0].out_channels, branch[0].kernel_size[0]) for branch in block.branches] == [
        (16, 1),
        (8, 3),
        (4, 5),
    ]


def test_the_input_is_added_after_the_activation():
    block = ResolutionBlock(8).eval()
    features = torch.randn(1, 8, 9, 9)
    with torch.no_grad():
        out = block(features)
        block.fuse[0].weight.zero_()
        block.fuse[0].bias.zero_()
        assert torch.equal(block(features), features)
    assert (out >= features).all()
    assert (out < 0).any()
