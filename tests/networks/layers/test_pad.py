import torch
from hypothesis import given
from hypothesis import strategies as st

from landwright.networks.layers.pad import pad_to_multiple


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 16, 32]))
def test_pads_below_and_to_the_right_with_the_last_values(height, width, multiple):
    x = torch.rand(1, 2, height, width)
    padded = pad_to_multiple(x, multiple)
    assert [size % multiple for size in padded.shape[-2:]] == [0, 0]
    assert all(new - old < multiple for new, old in zip(padded.shape, x.shape, strict=True))
    assert torch.equal(padded[..., :height, :width], x)
    assert torch.equal(padded[..., -1, -1], x[..., -1, -1])
