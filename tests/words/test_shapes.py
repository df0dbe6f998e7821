import pytest
import torch

from landwright.networks.clip.towers import build_clip
from landwright.words.shapes import architectures, measure, sizes


@pytest.mark.parametrize("name", ["compact", "ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14"])
def test_full_architectures_are_known_by_their_shapes(name):
    with torch.device("meta"):
        towers = measure(build_clip(name).state_dict())
    assert towers == sizes(name)
    assert architectures(towers) == (name,)
    assert f"patches of {towers.patch} pixels" in towers.words


def test_another_grid_and_another_width():
    from dataclasses import replace

    towers = sizes("ViT-B-16")
    assert architectures(replace(towers, grid=24)) == ("ViT-B-16",)
    assert architectures(replace(towers, width=700)) == ()
