import torch

from landwright.networks.layers.compact import CompactEncoder


def encoder():
    torch.manual_seed(0)
    return CompactEncoder(4).eval()


def test_four_taps():
    with torch.no_grad():
        taps = encoder()(torch.randn(2, 4, 40, 64))
    assert [tap.shape for tap in taps] == [(2, 64, 10, 16)] + [(2, 128, 5, 8)] * 3


def test_it_is_small_and_trains_on_one_image():
    network = encoder().train()
    sum(tap.square().mean() for tap in network(torch.randn(1, 4, 32, 32))).backward()
    assert sum(p.numel() for p in network.parameters()) < 1_500_000
    assert all(p.grad is not None for p in network.parameters())


def test_tokens_know_where_they_are():
    with torch.no_grad():
        tokens = encoder()(torch.ones(1, 4, 64, 64))[-1]
    assert not torch.allclose(tokens[..., 0, 0], tokens[..., 4, 4], atol=1e-3)
