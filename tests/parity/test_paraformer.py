"""Paraformer against the published code: heads, intermediates, loading of a published ViT, three training steps."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import landwright
from landwright.bundles.importers.paraformer import convert, network_options, published_names
from landwright.losses import CoarseLoss
from landwright.networks import create_network, load_encoder_weights
from landwright.recipe import OptimSpec
from landwright.regimes.optimizer import build_optimizer, build_schedule
from landwright.tensors import Unfilled

TOLERANCE = 1e-5
POSITIONS = "transformer.embeddings.position_embeddings"
TERMS = {"total": "loss", "ce_cnn": "labels", "mce_vit": "agreed_labels"}
CASES = ("small_96_pos", "default_224", "width128_rgb_12cls_224")
MODULES = {
    "cnn_x": "cnn.blocks.4",
    "cnn_d1": "cnn.downs.0",
    "cnn_d2": "cnn.downs.1",
    "cnn_d3": "cnn.downs.2",
    "embeddings": "transformer.blocks<",
    "block0": "transformer.blocks.0",
    "encoded": "transformer.norm",
    "head1_input": "cnn_head<",
    "vit_feat": "vit_head<",
}


@pytest.fixture(scope="module")
def paraformer(parity):
    return parity("paraformer")


@pytest.fixture(scope="module")
def filled(paraformer):
    """Published weights of a case; tensors that cases share are drawn once."""
    drawn = {}

    def weights(file):
        case = paraformer.case(file)
        entries = dict(paraformer.manifest["state_dict"])
        entries |= paraformer.manifest["state_dict_differences"].get(file, {})
        entries[POSITIONS] = ["float32", [1, (case["model"]["img"] // 16) ** 2, 768]]
        keys = {name: (name, tuple(shape)) for name, (_, shape) in entries.items()}
        new = {name: entries[name] for name, key in keys.items() if key not in drawn}
        drawn.update({keys[name]: tensor for name, tensor in paraformer.weights(new).items()})
        state = {name: drawn[key] for name, key in keys.items()}
        if case["extra_fill"]:
            state[POSITIONS] = state[POSITIONS] * np.sqrt(np.prod(entries[POSITIONS][1][1:])) * 0.5
        return state

    return weights


def converted(state):
    options, classes, bands = network_options({}, state)
    with Unfilled():
        network = create_network("paraformer", classes=classes, bands=bands, **options)
    network.load_state_dict(convert(state, options=options), strict=True)
    return network


def compare(paraformer, record, file, network):
    case = paraformer.case(file)
    with record(network, MODULES) as seen, torch.no_grad():
        outputs = network(paraformer.image(case["input_seed"], case["input_shape"]))
    tensors = {name: values[0] for name, values in seen.items()}
    tensors["vit_map"] = tensors.pop("head1_input")[:, :1]
    tensors |= dict(zip(("logits1", "logits2"), outputs.auxiliary, strict=True))
    tensors["fused_prob"] = outputs.classes.softmax(1)
    assert torch.equal(outputs.features, tensors["cnn_x"])
    paraformer.check_slices(file, tensors, TOLERANCE)


@pytest.mark.slow
def test_both_heads_and_intermediates(paraformer, filled, record):
    compare(paraformer, record, "small_96_pos", converted(filled("small_96_pos")).eval())


@pytest.mark.slow
@pytest.mark.parametrize("file", CASES)
def test_an_imported_checkpoint_maps_as_published(paraformer, filled, record, tmp_path, file):
    state, model = filled(file), paraformer.case(file)["model"]
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, tmp_path / "epoch_99.pth")
    bundle = landwright.import_checkpoint(tmp_path / "epoch_99.pth", "paraformer", settings={"bands": model["bands"]})
    bundle.save(tmp_path / "bundle")
    loaded = landwright.load(tmp_path / "bundle")
    assert loaded.card.tiling.tile == model["img"]
    assert loaded.card.network.options == {"width": model["width"], "img_size": model["img"]}
    assert loaded.card.legend.name == ("nlcd-paraformer" if model["classes"] == 17 else "classes-12")
    compare(paraformer, record, file, loaded.network)


def test_every_published_parameter_has_a_place(paraformer):
    listed = paraformer.manifest["state_dict"]
    assert len(listed) == 382
    state = {name: torch.empty(shape, device="meta") for name, (_, shape) in listed.items()}
    with torch.device("meta"):
        network = create_network("paraformer", classes=17, bands=4)
    own = convert(state, options={})
    assert {name: tensor.shape for name, tensor in own.items()} == {
        name: tensor.shape for name, tensor in network.state_dict().items()
    }
    assert sorted(name for key in own for name in published_names(key)) == sorted(listed)
    assert sum(p.numel() for p in network.parameters()) == 142_714_253


@pytest.mark.slow
def test_the_published_vit_is_read_as_published(paraformer, tmp_path):
    expected = json.loads((paraformer.folder / "npz_loading.json").read_text())
    # The class head of 21843 outputs is not used, and large.
    shapes = {name: shape for name, shape in expected["npz_shapes"].items() if not name.startswith("head/")}
    np.savez(tmp_path / "ViT-B_16.npz", **{n: paraformer.fill.values(n, tuple(s)) for n, s in shapes.items()})
    for image, wanted in ((224, expected["expected_img224"]), (160, expected["expected_img160_position_only"])):
        network = create_network("paraformer", classes=17, bands=4, img_size=image)
        before = {name: tensor.clone() for name, tensor in network.patch_embed.state_dict().items()}
        report = load_encoder_weights(network, tmp_path / "ViT-B_16.npz")
        assert report.loaded == {"transformer": len(network.transformer.state_dict())}
        published = by_published_name(network.state_dict())
        for name, entry in wanted.items():
            values = published[name].double().numpy()
            assert list(values.shape) == entry["shape"], name
            assert values.mean() == pytest.approx(entry["mean"], abs=1e-7), name
            assert values.std() == pytest.approx(entry["std"], rel=1e-5), name
            flat = values.reshape(-1)
            np.testing.assert_allclose(flat[:3], entry["first"], atol=2e-6, err_msg=name)
            np.testing.assert_allclose(flat[-3:], entry["last"], atol=2e-6, err_msg=name)
        assert all(torch.equal(tensor, before[name]) for name, tensor in network.patch_embed.state_dict().items())
    assert len(expected["expected_img224"]) == 1 + 2 + 12 * 16


def by_published_name(state):
    """Split our tensors into the published ones that they are made of."""
    return {
        name: piece
        for own, tensor in state.items()
        for names in (published_names(own),)
        for name, piece in zip(names, tensor.chunk(len(names)) if len(names) > 1 else (tensor,), strict=True)
    }


@pytest.mark.slow
def test_three_training_steps(paraformer, filled):
    case = paraformer.losses["train_step"][0]
    state = filled("small_96_pos") | paraformer.weights({POSITIONS: ["float32", [1, 36, 768]]})
    network = converted(state)
    for module in network.train().modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    image = paraformer.image(201, [2, 4, 96, 96])
    labels = paraformer.image(202, [2, 17, 96, 96]).argmax(1)
    shares = torch.eye(17)
    shares[0] = 0  # class 0 is no label
    loss = CoarseLoss(shares, paper=True)
    spec = OptimSpec(
        name="sgd",
        schedule="paper",
        lr=case["base_lr"],
        min_lr=0,
        momentum=0.9,
        weight_decay=1e-4,
        batch=2,
        steps=case["max_iterations"] // 2,
    )
    optimizer = build_optimizer(network, spec)
    schedule = build_schedule(optimizer, spec)
    for step in case["steps"]:
        number = step["step"]
        assert optimizer.param_groups[0]["lr"] == pytest.approx(step["lr"])
        optimizer.zero_grad()
        found = loss(*network(image).auxiliary, labels)
        found["loss"].backward()
        terms = {name: found[ours] for name, ours in TERMS.items()}
        terms["agreeing_pixels"] = found["agreed"] * (labels > 0).sum()
        exact = 1e-6 if number == 0 else 2e-3
        for name, value in terms.items():
            assert value.item() == pytest.approx(step[name], rel=exact), (number, name)
        gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
        norm = torch.stack([gradient.double().norm() for gradient in gradients.values()]).norm().item()
        assert norm == pytest.approx(step["global_grad_norm"], rel=2e-3), number
        published = by_published_name(gradients)
        for name, value in step.get("grad_norms", {}).items():
            assert published[name].double().norm().item() == pytest.approx(value, rel=2e-3), name
        optimizer.step()
        schedule.step()
    statistics = by_published_name(network.state_dict())
    for name, values in case["bn_after"].items():
        np.testing.assert_allclose(statistics[name][:4].numpy(), values, rtol=2e-3, atol=2e-5, err_msg=name)
