import torch

from landwright.networks.layers.attention import PooledAttention, PooledLinear, SeparableConv, SqueezeBoth


def test_pooled_linear_is_the_convolution_on_a_single_pixel():
    torch.manual_seed(0)
    conv, pooled = SeparableConv(6, 4, 8), PooledLinear(6, 4)
    with torch.no_grad():
        pooled.scale.copy_(conv.depth_conv.weight[:, 0, 1, 1])
        pooled.shift.copy_(conv.depth_conv.bias)
        pooled.point.weight.copy_(conv.point_conv.weight.flatten(1))
        pooled.point.bias.copy_(conv.point_conv.bias)
    x = torch.randn(3, 6)
    torch.testing.assert_close(pooled(x), conv(x[:, :, None, None])[:, :, 0, 0])


def test_weights_lie_between_nothing_and_the_input():
    x = torch.rand(2, 16, 5, 4)
    for block, most in ((PooledAttention(16, 2), 1.0), (SqueezeBoth(16), 2.0)):
        out = block(x)
        assert out.shape == x.shape
        assert ((out >= 0) & (out <= most * x)).all()
