"""Joint-bilateral upsampling equals its plain form, and its similarities equal those of the upsampled features."""

import importlib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from landwright.errors import UsageError
from landwright.networks.clip.jbu import JbuOne, JbuStack, make_upsampler

FOLDER = Path(__file__).parents[3] / "benchmarks"
DIM = 24


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("plain_jbu")


@pytest.fixture(params=[JbuOne, JbuStack])
def upsampler(request):
    torch.manual_seed(0)
    built = request.param(DIM).eval()
    # The correction is small; here it is made to count.
    torch.nn.init.normal_(built.fixup_proj[1].weight)
    torch.nn.init.normal_(built.fixup_proj[1].bias)
    return built


def inputs(height, width, batch=1, image=None):
    torch.manual_seed(1)
    features = torch.randn(batch, DIM, height, width)
    return features, torch.randn(batch, 3, *(image or (16 * height, 16 * width)))


@pytest.mark.parametrize("grid", [(3, 3), (4, 7), (6, 3)])
def test_features_equal_the_plain_form(plain, upsampler, grid):
    features, image = inputs(*grid, batch=2)
    with torch.no_grad():
        ours, theirs = upsampler(features, image), plain.upsample(upsampler, features, image)
    assert ours.shape == (2, DIM, 16 * grid[0], 16 * grid[1])
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)


# More tokens than channels, fewer, and one.
@pytest.mark.parametrize("grid", [(6, 7), (2, 3), (1, 1)])
def test_similarities_equal_those_of_the_features(upsampler, grid):
    features, image = inputs(*grid, batch=2)
    queries = F.normalize(torch.randn(5, DIM), dim=1)
    with torch.no_grad():
        fine = F.normalize(upsampler(features, image), dim=1)
        ours = upsampler.similarities(features, image, queries)
    assert ours.abs().max() > 0.3
    torch.testing.assert_close(ours, torch.einsum("bdhw,qd->bqhw", fine, queries), atol=2e-6, rtol=0)


def test_an_image_of_another_size_guides_too(plain, upsampler):
    features, image = inputs(4, 4, image=(56, 50))
    with torch.no_grad():
        torch.testing.assert_close(
            upsampler(features, image), plain.upsample(upsampler, features, image), atol=2e-5, rtol=0
        )


def test_equal_tokens_and_half_precision(upsampler):
    features, image = inputs(3, 3)
    features = features[:, :, :1, :1].expand(-1, -1, 3, 3)
    queries = F.normalize(torch.randn(4, DIM), dim=1)
    with torch.no_grad():
        exact = upsampler.similarities(features, image, queries)
        with torch.autocast("cpu", torch.bfloat16):
            lowered = upsampler.similarities(features.bfloat16(), image.bfloat16(), queries)
    assert lowered.dtype == torch.float32
    assert torch.isfinite(exact).all()
    torch.testing.assert_close(lowered, exact, atol=0.006, rtol=0)


def test_the_steps_of_a_row_of_tiles_change_nothing(upsampler, monkeypatch):
    features, image = inputs(5, 4)
    with torch.no_grad():
        usual = upsampler(features, image)
        monkeypatch.setattr("landwright.networks.clip.bilateral.TILES_AT_ONCE", {"cpu": 1})
        torch.testing.assert_close(upsampler(features, image), usual)


def test_names_are_the_published_ones():
    unit = {
        f"{part}.{layer}.{kind}"
        for part in ("range_proj", "fixup_proj")
        for layer in (0, 3)
        for kind in ("weight", "bias")
    }
    unit |= {"range_temp", "sigma_spatial"}
    fix = {"fixup_proj.1.weight", "fixup_proj.1.bias"}
    assert set(JbuOne(8).state_dict()) == {f"up.{name}" for name in unit} | fix
    assert set(JbuStack(8).state_dict()) == {f"up{n}.{name}" for n in (1, 2, 3, 4) for name in unit} | fix


def test_upsamplers_by_name():
    assert make_upsampler("none", 8) is None
    assert make_upsampler("bilinear", 8) is None
    assert isinstance(make_upsampler("jbu-one", 8), JbuOne)
    assert isinstance(make_upsampler("jbu-stack", 8), JbuStack)
    with pytest.raises(UsageError, match="upsampler 'jbu' is unknown"):
        make_upsampler("jbu", 8)
