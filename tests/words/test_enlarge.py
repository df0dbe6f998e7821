import pytest
import torch
from torch.nn import functional

from landwright.words.enlarge import enlarged


@pytest.mark.parametrize("shape", [(37, 53), (5, 3), (7, 9), (100, 8)])
def test_rows_are_those_of_the_whole(shape):
    torch.manual_seed(0)
    maps = torch.randn(3, 7, 9)
    whole = functional.interpolate(maps[None], shape, mode="bilinear")[0]
    for start in range(0, shape[0], 4):
        stop = min(start + 4, shape[0])
        assert torch.allclose(enlarged(maps, shape, start, stop), whole[:, start:stop], atol=1e-5)
