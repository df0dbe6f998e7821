from pathlib import Path

import pytest
import torch

from landwright.errors import DataError
from landwright.tensors import check_finite

FINE = {"weight": torch.randn(3, 4), "empty": torch.zeros(0), "count": torch.tensor(7), "half": torch.ones(2).half()}


def test_numbers():
    check_finite(FINE, path=Path("a.pt"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", [0, 5, 11])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_one_that_is_none(value, place, kind):
    bad = torch.randn(3, 4).to(kind)
    bad.view(-1)[place] = value
    with pytest.raises(DataError, match="its tensor b of the file holds values") as caught:
        check_finite(FINE | {"b": bad}, path=Path("a.pt"), published=lambda name: f"{name} of the file")
    assert caught.value.path == "a.pt"
