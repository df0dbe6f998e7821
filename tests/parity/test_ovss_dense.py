"""Dense features, windows and classes of words against the published code of RS-OVSS and SegEarth-OV."""

import hashlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from landwright.networks import create_network
from landwright.networks.clip import slide
from landwright.networks.clip.jbu import make_upsampler
from landwright.networks.clip.positions import merge_positions, stretch_positions
from landwright.tensors import Unfilled

LOGITS, FEATURES, SHARES = 2e-5, 1e-4, 1e-4
DENSE = [
    pytest.param("dense_b16qg", marks=pytest.mark.slow),
    pytest.param("dense_b16qg_336x448", marks=pytest.mark.slow),
    "dense_b32qg",
    "dense_b32gelu",
]
BLOCKS = {"inter.ln_pre": 0, "inter.block0": 1, "inter.block5": 6, "inter.block10": 11}
SLIDES = [
    ("slide_b16qg_336x448", "segearth"),
    ("slide_b16qg_336x448", "maskclip_thd"),
    ("slide_b16qg_336x448", "segearth_bias"),
    ("slide_b16qg_200x310", "segearth"),
    ("slide_b16qg_200x310", "maskclip"),
]


class Published:
    """Networks filled by official names: each is built once, its towers run once for an image."""

    def __init__(self, ovss):
        self.ovss, self.networks, self.tokens = ovss, {}, {}

    def __call__(self, case, config="B16qg", *, attention="segearth", residual=False, bias=0.0, **changes):
        network = self.networks.get(config) or self._build(config)
        queries = self.queries(case)
        index = case.get("query_index", range(len(queries)))
        network.set_queries(queries, np.bincount(index).tolist(), **changes)
        network.attention, network.residual, network.bias = attention, residual, bias
        network.window, network.upsampler = "as-is", None
        network.encoder.antialias = attention == "gem"
        return network

    def queries(self, case):
        rule = case["queries"]
        return F.normalize(torch.from_numpy(self.ovss.values(rule["fill_values_name"], tuple(rule["shape"]))), dim=1)

    def image(self, case):
        return self.ovss.image(case["input_seed"], case["input_shape"])

    def state(self, config):
        settings, entries = self.ovss.manifest["configs"][config], self.ovss.manifest["state_dict"]
        if isinstance(settings["state_dict"], dict):
            entries = entries | settings["state_dict"]
        return self.ovss.shared(entries)

    def _build(self, config):
        settings = self.ovss.manifest["configs"][config]
        activation = "quick_gelu" if settings["quick_gelu"] else "gelu"
        with Unfilled():
            network = create_network("clip", classes=2, architecture=settings["arch"], activation=activation).eval()
        network.encoder.clip.load_state_dict(self.state(config), strict=True, assign=True)
        run = network.encoder.tokens

        def tokens(image, *, before=-1):
            key = (
                config,
                before,
                network.encoder.antialias,
                image.shape,
                hashlib.sha256(image.numpy().tobytes()).digest(),
            )
            if key not in self.tokens:
                self.tokens[key] = run(image, before=before)
            return self.tokens[key]

        network.encoder.tokens = tokens
        self.networks[config] = network
        return network


@pytest.fixture(scope="module")
def ovss(parity):
    return parity("ovss")


@pytest.fixture(scope="module")
def published(ovss):
    with torch.inference_mode():
        yield Published(ovss)


def close(ours, stored, rule, tolerance, name):
    ours = ours.numpy().astype(np.float64)
    assert list(ours.shape) == rule["full_shape"], name
    steps = [int(rule["stride"].get(str(axis), 1)) for axis in range(ours.ndim)]
    difference = np.abs(ours[tuple(slice(None, None, step) for step in steps)] - stored).max()
    assert difference <= tolerance, f"{name} differs by {difference:.2e}, allowed {tolerance:.0e}"


def check(ovss, file, tensors):
    """Compare all that a case stores of dense features."""
    case, stored = ovss.case(file), ovss.arrays(file)
    assert set(tensors) == set(case["arrays"])
    for name, tensor in tensors.items():
        close(tensor, stored[name], case["arrays"][name], LOGITS if "logits" in name else FEATURES, name)


def check_map(ovss, file, tag, scores, rule):
    """Compare a merged map of similarities, its shares and its classes."""
    case, stored = ovss.case(file), ovss.arrays(file)
    scores = F.interpolate(scores, tuple(case["ori_shape"]), mode="bilinear")
    close(scores, stored[f"{tag}logits"], case["arrays"][f"{tag}logits"], LOGITS, f"{tag}logits")
    close(rule.probabilities(scores[0], 0), stored[f"{tag}prob"], case["arrays"][f"{tag}prob"], SHARES, f"{tag}prob")
    indices, shares = rule.decide(scores[0])
    step = tuple(slice(None, None, case["arrays"][f"{tag}pred"]["stride"][axis]) for axis in "01")
    assert (indices.numpy()[step] != stored[f"{tag}pred"]).mean() < 1e-3
    moved = np.abs(np.bincount(indices.flatten(), minlength=rule.classes) - stored[f"{tag}pred_counts"]).sum() / 2
    assert moved < 1e-3 * indices.numel()
    torch.testing.assert_close(shares, rule.probabilities(scores[0], 0).amax(0), atol=1e-6, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("file", DENSE)
def test_every_attention(ovss, published, file):
    case = ovss.case(file)
    image = published.image(case)
    network = published(case, case["config"])
    encoder, queries = network.encoder, network.queries
    grid = (image.shape[2] // encoder.patch, image.shape[3] // encoder.patch)
    found, last = {}, encoder.tokens(image)
    for name in case["arrays"]:
        kind, attention, *residual = name.split(".")
        if kind == "logits":
            network = published(case, case["config"], attention=attention.lower(), residual=bool(residual))
            joint = encoder.joint(network.last_layer(last, grid))
            cosines = F.normalize(joint, dim=-1) @ queries.T
            found[name], found[f"cls_{name}"] = cosines[:, 1:], cosines[:, 0]
            if not residual:
                found[f"tokens.{attention}"] = joint[:, 1:]
    tokens = encoder.tokens(image, before=0)
    for index in range(encoder.depth - 1):
        found |= {name: tokens for name, before in BLOCKS.items() if before == index}
        tokens = encoder.block(tokens, index)
    check(ovss, file, found | {"inter.block10": tokens})


@pytest.mark.slow
def test_gem(ovss, published):
    case, found = ovss.case("gem_b16qg"), {}
    for residual in (False, True):
        network = published(case, attention="gem", residual=residual)
        patches = network.dense(published.image(case))[1].flatten(2).transpose(1, 2)
        ending = ".residual" if residual else ""
        found |= {f"tokens{ending}": patches, f"logits{ending}": F.normalize(patches, dim=-1) @ network.queries.T}
    check(ovss, "gem_b16qg", found)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "tag"), SLIDES)
def test_windows(ovss, published, file, tag):
    case = ovss.case(file)
    variant = case["variants"][tag]
    threshold = variant.get("prob_thd", 0.0)
    network = published(
        case,
        attention=variant.get("model_type", "SegEarth").lower(),
        bias=variant.get("cls_token_lambda", 0.0),
        thresholds=[threshold] * (max(case["query_index"]) + 1),
        background=variant.get("bg_idx", 0),
    )
    network.window = "native"
    scores = slide(network, published.image(case), **case["slide"])
    check_map(ovss, file, f"{tag}.", scores, network.rule)


@pytest.mark.slow
def test_segearth_with_its_upsampler(ovss, published):
    case, stored = ovss.case("segearth_ov_224x336"), ovss.arrays("segearth_ov_224x336")
    network = published(
        case,
        bias=case["cls_token_lambda"],
        thresholds=[case["prob_thd"]] * len(case["class_names"]),
        background=case["bg_idx"],
    )
    upsampler = ovss.manifest["upsamplers"]["jbu_one"]
    state = {name: torch.tensor(value) for name, value in upsampler["kept"].items()}
    state |= ovss.weights({name: entry for name, entry in upsampler["state_dict"].items() if name not in state})
    network.upsampler = make_upsampler("jbu-one", network.encoder.embed_dim).eval()
    network.upsampler.load_state_dict({name.removeprefix("upsampler."): tensor for name, tensor in state.items()})
    image = published.image(case)
    first = network.similarities(image[..., :224])
    close(first, stored["window0.logits"], case["arrays"]["window0.logits"], LOGITS, "window0.logits")
    check_map(ovss, "segearth_ov_224x336", "", slide(network, image, **case["slide"]), network.rule)


def test_positions_of_longclip(ovss):
    case, stored = ovss.case("longclip_positions"), ovss.arrays("longclip_positions")
    table = torch.from_numpy(ovss.values(case["fill_values_name"], tuple(case["input_shape"])))
    stretched = stretch_positions(table)
    name = "positional_embedding"
    close(stretched, stored[name], case["arrays"][name], 1e-6, name)
    assert torch.equal(merge_positions(stretched, stretched), stretched)
