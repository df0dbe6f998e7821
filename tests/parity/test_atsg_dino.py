"""DINO's tokens and the codes of its head, against those that the published ATSG code reads."""

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from landwright.networks.dino import DinoTokens, load_dino, load_dino_head

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def atsg(parity):
    return parity("atsg")


def published(atsg, module):
    """Fill the tensors of a module by their official names, which are its own."""
    return atsg.weights({name: ("float32", list(tensor.shape)) for name, tensor in module.state_dict().items()})


def compare(ours, theirs):
    torch.testing.assert_close(ours, torch.from_numpy(theirs), atol=TOLERANCE, rtol=0)


def check_links(ours, stored):
    """Compare the mean cosine of all pairs, and how many are above it: the published adaptive threshold."""
    unit = F.normalize(ours.flatten(2), dim=1)
    alike = (unit.transpose(1, 2) @ unit).abs()
    mean = alike.mean()
    assert float(mean) == pytest.approx(float(stored["abs_cos_mean"]), rel=1e-4)
    assert float((alike > mean).float().mean()) == pytest.approx(float(stored["linked_fraction"]), abs=2e-3)


@pytest.mark.parametrize(
    ("architecture", "file"),
    [
        ("vit_tiny", "dino_vit_tiny_96x96"),
        pytest.param("vit_base", "dino_vit_base_320x320", marks=pytest.mark.slow),
    ],
)
def test_tokens(atsg, architecture, file, tmp_path):
    case, stored = atsg.case(file), atsg.arrays(file)
    state = published(atsg, DinoTokens(architecture).vit)
    if architecture == "vit_base":
        assert {name: list(tensor.shape) for name, tensor in state.items()} == {
            name: shape for name, (_, shape) in atsg.manifest["dino_state_dict_vit_base"].items()
        }
    save_file(state, tmp_path / "dino.safetensors")
    dino = load_dino(architecture, tmp_path / "dino.safetensors")
    (tmp_path / "dino.safetensors").unlink()
    tokens = dino(atsg.image(case["input_seed"], case["input_shape"]).clamp(-1.75, 2.0))
    compare(tokens[:, ::16, ::2, ::2], stored["tokens_sample"])
    compare(tokens.mean((0, 2, 3)), stored["chan_mean"])
    wide = tokens.transpose(0, 1).flatten(1)
    compare(wide.std(1), stored["chan_std"])
    check_links(tokens, stored)


def test_codes(atsg, tmp_path):
    file = "dino_head_vit_tiny_96x96"
    case, stored = atsg.case(file), atsg.arrays(file)
    dino = DinoTokens("vit_tiny")
    dino.vit.load_state_dict(published(atsg, dino.vit))
    shapes = {"cluster1.0": (256, 192), "cluster2.0": (192, 192), "cluster2.2": (256, 192)}
    entries = {f"{name}.weight": ("float32", [*shape, 1, 1]) for name, shape in shapes.items()}
    entries |= {f"{name}.bias": ("float32", [shape[0]]) for name, shape in shapes.items()}
    save_file(atsg.weights(entries), tmp_path / "head.safetensors")
    head = load_dino_head(tmp_path / "head.safetensors", dim=192)
    codes = head(dino(atsg.image(case["input_seed"], case["input_shape"]).clamp(-1.75, 2.0)))
    compare(codes, stored["code"])
    check_links(codes, stored)
