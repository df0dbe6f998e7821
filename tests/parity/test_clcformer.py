"""CLCFormer against the published code: maps, intermediates, deformable unit, losses."""

import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from landwright.bundles.importers.clcformer import convert, network_options
from landwright.losses import (
    DeepSupervision,
    soft_cross_entropy,
    squared_dice_loss,
    structure_loss,
    structure_target,
)
from landwright.losses.criteria import StructureCriterion
from landwright.networks import Outputs, create_network
from landwright.networks.layers.deform import DeformConv2d
from landwright.tensors import Unfilled

CASES = [
    pytest.param("quick_binary_256", {"classes": "1"}),
    pytest.param("binary_512", {"classes": "1"}, marks=pytest.mark.slow),
    pytest.param("multiclass6_512", {"classes": "6"}, marks=pytest.mark.slow),
    pytest.param("binary_512_legacy", {"classes": "1", "taps": "legacy"}, marks=pytest.mark.slow),
    pytest.param("binary_512_small", {"classes": "1", "encoder": "small"}, marks=pytest.mark.slow),
]
MAPS = ("map_x_s32", "map_1_s16", "map_2_s8", "map_3_s4")
MODULES = {
    "swin_in1": "transformer.patch_embed",
    "swin_in2": "transformer.layers.1.downsample",
    "swin_in3": "transformer.layers.2.downsample",
    "swin_in4": "transformer.layers.3.downsample",
    "swin_taps": "token_dropout<",
    "cnn_stem": "cnn.conv_stem",
    "cnn_s4": "cnn.blocks.1",
    "cnn_s8": "cnn.blocks.2",
    "cnn_s16_pre": "cnn.blocks.3",
    "cnn_s16": "cnn.blocks.4",
    "cnn_s32": "cnn.blocks.5",
    "biffm_s32_dfconv": "fusions.3.df_conv",
    "biffm_s32": "fusions.3",
    "biffm_s16": "fusions.2",
    "biffm_s8": "fusions.1",
    "biffm_s4_dfconv": "fusions.0.df_conv",
    "biffm_s4_scse": "fusions.0.scse",
    "biffm_s4": "fusions.0",
    "atg_s16": "ups.2.attn_block",
    "dec_s16": "ups.2",
    "dec_s8": "ups.1",
    "dec_s4": "ups.0",
    "head_s32": "heads.3",
    "head_s16": "heads.2",
    "head_s8": "heads.1",
    "head_s4": "heads.0",
}


@pytest.fixture(scope="module")
def clcformer(parity):
    return parity("clcformer")


def official_entries(manifest, settings):
    """The official names of one configuration, as the manifest describes what differs."""
    entries = dict(manifest["state_dict"])
    if settings["classes"] == "6":
        entries |= manifest["state_dict_num_classes_6_overrides"]
    if settings.get("encoder") == "small":
        for index in range(6, 18):
            for name, entry in manifest["state_dict"].items():
                if f"layers.2.blocks.{index % 2}." in name and not name.endswith(("attn_mask", "coords_table")):
                    entries[re.sub(r"blocks\.\d+", f"blocks.{index}", name)] = entry
    return entries


def official_network(system, settings):
    options, classes, bands = network_options(settings, {})
    with Unfilled():
        network = create_network("clcformer", classes=classes, bands=bands, **options).eval()
    weights = system.shared(official_entries(system.manifest, settings))
    network.load_state_dict(convert(weights, options=options), strict=True)
    return network


@pytest.mark.parametrize(("file", "settings"), CASES)
def test_maps_and_intermediates(clcformer, record, file, settings):
    case, network = clcformer.case(file), official_network(clcformer, settings)
    with record(network, MODULES) as seen, torch.no_grad():
        outputs = network(clcformer.image(case["input_seed"], case["input_shape"]))
    tensors = {name: values[0] for name, values in seen.items() if name not in ("swin_taps", "cnn_stem")}
    for name in ("swin_in1", "swin_in2", "swin_in3", "swin_in4"):
        tensors[name] = tensors[name].flatten(1, 2)
    legacy = settings.get("taps") == "legacy"
    if not legacy:
        tensors["swin_out4"] = seen["swin_taps"][3].flatten(2).transpose(1, 2)
    norm = network.cnn.bn1
    tensors["cnn_stem_bn"] = F.batch_norm(
        seen["cnn_stem"][0], norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
    )
    tensors |= dict(zip(MAPS, (*outputs.auxiliary, outputs.classes), strict=True))
    noise = case["float32_vs_float64_max_abs"]
    clcformer.check(
        file,
        tensors,
        tolerance=lambda name: 1e-5 if name in MAPS else max(1e-5, 3 * noise[name]),
        # The last stage's blocks do nothing for the maps then, so that ours has none.
        absent={"swin_out4"} if legacy else set(),
    )


def test_fill_has_every_official_parameter_of_ours(clcformer):
    weights = clcformer.shared()
    assert len(weights) + len(clcformer.manifest["kept"]) == len(clcformer.manifest["state_dict"]) == 1299
    with torch.device("meta"):
        network = create_network("clcformer", classes=1)
    assert set(convert(weights, options={})) == set(network.state_dict())
    # Of the 51,241,960 published parameters 6,684,080 get no gradient, and eight of the nine taps of each depthwise
    # kernel on a 1x1 map (3744 of them) a gradient that is always zero.
    assert sum(p.numel() for p in network.parameters()) == 51_241_960 - 6_684_080 - 8 * 3744


def test_deformable_unit(clcformer):
    case, stored = clcformer.case("deform_conv_unit"), clcformer.arrays("deform_conv_unit")
    layer = DeformConv2d(8, 6)
    state = {
        name: torch.from_numpy(clcformer.fill.values(f"dfconv_unit.{name}", tuple(tensor.shape)))
        for name, tensor in layer.state_dict().items()
    }
    state["p_conv.weight"] *= 12.0
    layer.load_state_dict(state)
    x = clcformer.image(case["input_seed"], case["input_shape"]).requires_grad_()
    output, offset = layer(x), layer.p_conv(x)
    (output * clcformer.image(case["input_seed"] + 1, list(output.shape))).sum().backward()
    assert np.abs(offset.detach().numpy() - stored["offset"]).max() < 3e-5
    assert np.abs(output.detach().numpy() - stored["output"]).max() < 1e-5
    assert np.abs(x.grad.numpy() - stored["grad_input"]).max() < 3e-5


def labels_of(system, entry, shape):
    """Class indices 0..5 and 6, the published ignore value, by the rule stored with the case."""
    batch, _, height, width = shape
    labels = system.image(entry["seed"], [batch, 6, height, width]).argmax(1)
    if entry["ignored_fraction"]:
        labels[system.image(entry["seed"] + 5000, [batch, height, width]) > 1.0] = 6
    assert (labels == 6).float().mean().item() == pytest.approx(entry["ignored_fraction"])
    return labels


def binary_mask(system, entry, shape):
    if entry == "all zeros":
        return torch.zeros(shape[0], *shape[2:], dtype=torch.long)
    return (system.image(entry["seed"], shape)[:, 0] > 0).long()


def soft_ce(logits, labels):
    return soft_cross_entropy(logits, labels, ignore_index=6, paper=True)


def dice(logits, labels):
    return squared_dice_loss(logits, labels, ignore_index=6, paper=True)


MULTICLASS = {"soft_ce": soft_ce, "dice": dice, "multiclass": lambda x, y: soft_ce(x, y) + dice(x, y)}
LOSS_NAMES = (
    "structure_loss_a",
    "structure_loss_b_nonsquare",
    "structure_loss_empty_mask",
    "deep_supervision_total",
    "soft_ce_no_ignore",
    "soft_ce_ignore6",
    "dice_no_ignore",
    "dice_ignore6",
    "multiclass_total_ignore6",
)


def test_every_stored_loss_is_compared(clcformer):
    assert [entry["name"] for entry in clcformer.losses["losses"]] == list(LOSS_NAMES)


@pytest.mark.parametrize("name", LOSS_NAMES)
def test_losses_and_their_gradients(clcformer, name):
    entry = next(entry for entry in clcformer.losses["losses"] if entry["name"] == name)
    inputs = entry["inputs"]
    if name == "deep_supervision_total":
        spec = inputs["maps"]
        logits = torch.stack([clcformer.image(seed, spec["shape"]) for seed in spec["seeds"]]) * spec["scale"]
        logits.requires_grad_()
        mask = binary_mask(clcformer, inputs["mask"], spec["shape"])
        outputs = Outputs(classes=logits[3], auxiliary=(logits[0], logits[1], logits[2]))
        value = DeepSupervision(StructureCriterion())(outputs, mask)["loss"]
    else:
        spec = inputs["pred"]
        logits = (clcformer.image(spec["seed"], spec["shape"]) * spec["scale"]).requires_grad_()
        if name.startswith("structure"):
            value = structure_loss(logits, structure_target(binary_mask(clcformer, inputs["mask"], spec["shape"])))
        else:
            loss = next(loss for key, loss in MULTICLASS.items() if name.startswith(key))
            value = loss(logits, labels_of(clcformer, inputs["labels"], spec["shape"]))
    value.backward()
    assert value.item() == pytest.approx(entry["value"], rel=1e-6, abs=1e-6)
    assert logits.grad.norm().item() == pytest.approx(entry["grad_l2"], rel=1e-5)
    assert logits.grad.abs().max().item() == pytest.approx(entry["grad_abs_max"], rel=1e-4)
