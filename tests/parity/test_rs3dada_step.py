"""One iteration of RS3DAda's published training loop: its five losses, gradients, update and batch-norm statistics."""

import json

import numpy as np
import pytest
import torch

from landwright.bundles.card import Normalization
from landwright.bundles.importers.rs3dada import convert, published_names
from landwright.data.mixing import classmix_mask
from landwright.legends import load_legend
from landwright.networks import create_network
from landwright.recipe import Recipe, SyntheticSpec
from landwright.regimes.adaptation import AdaptationModule
from landwright.regimes.optimizer import build_optimizer
from landwright.regimes.source import with_total

pytestmark = pytest.mark.slow

SIDE = 112
OPTIONS = {"encoder": "vits", "features": 64, "out_channels": [48, 96, 192, 384], "heads": "both"}
SCALING = Normalization(
    divide=1.0, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)
)  # of RGB in 0..255, as published
TERMS = {
    "height": "loss_source_height_weighted",
    "classes": "loss_source_class_weighted",
    "feature": "loss_feature",
    "target_height": "loss_target_height_weighted",
    "target_classes": "loss_target_class_weighted",
}


class Chosen:
    """Stands for the random generator: it draws the stored classes."""

    def __init__(self, classes):
        self.classes = classes

    def choice(self, present, count, *, replace):
        assert set(self.classes) <= set(present)
        assert count == len(self.classes)
        return np.array(self.classes)


@pytest.fixture(scope="module")
def rs3dada(parity):
    return parity("rs3dada")


def network():
    return create_network("rs3dada", classes=8, **OPTIONS)


def filled(rs3dada, prefix, parts=("pretrained.", "heads.")):
    """A network whose parameters are drawn under prefixed names; buffers stay as they were made unless unprefixed."""
    made = network()
    entries = rs3dada.manifest["state_dict"]["vits_small"]
    state = {}
    for name, (kind, shape) in entries.items():
        if not kind.startswith("float") or not name.startswith(parts):
            state[name] = torch.zeros(shape, dtype=torch.int64 if not kind.startswith("float") else torch.float32)
            continue
        values = rs3dada.fill.values(prefix + name, tuple(shape))
        if name.endswith("pos_embed"):
            values = (values.astype(np.float64) * 0.5 * np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        state[name] = torch.from_numpy(values)
    given = convert(state, options=OPTIONS)
    if prefix:
        own = made.state_dict()
        buffers = {name for name, _ in made.named_buffers()}
        given = {name: own[name] if name in buffers else tensor for name, tensor in given.items()}
    made.load_state_dict(given)
    return made


def batch(rs3dada, stored):
    inputs = stored["inputs"]

    def image(seed):
        return torch.from_numpy(np.clip(np.floor(rs3dada.fill.image(seed, (3, SIDE, SIDE)) * 40 + 120), 0, 255))

    def height(seed):
        return torch.from_numpy(np.maximum(rs3dada.fill.image(seed, (1, SIDE, SIDE)) * 6, 0))

    def labels(seed):
        values = np.clip(np.floor((rs3dada.fill.image(seed, (1, SIDE, SIDE)) + 2) * 2), 0, 7)
        return torch.from_numpy(values.astype(np.int64))

    first, other = inputs["source A (supervised)"], inputs["source B (mixing)"]
    target = image(inputs["target"]["image"])
    mask = labels(other["labels"])
    pasted = torch.from_numpy(classmix_mask(mask[0].numpy(), Chosen(stored["classmix_classes"])))[None]
    return {
        "image": image(first["image"])[None].float(),
        "mask": labels(first["labels"]),
        "height": height(first["height"]).float(),
        "target": target[None].float(),
        "second": torch.floor(0.9 * target)[None].float(),
        "target_valid": torch.ones(1, SIDE, SIDE, dtype=torch.bool),
        "mixed": torch.where(pasted, image(other["image"]), target)[None].float(),
        "pasted": pasted,
        "mixed_mask": mask.where(pasted, 255),
        "mixed_height": height(other["height"]).float().where(pasted, torch.nan),
    }


@pytest.fixture(scope="module")
def step(rs3dada):
    stored = json.loads((rs3dada.folder / "train_step.json").read_text())
    hyper = stored["hyper"]
    recipe = Recipe.model_validate(
        {
            "regime": "synthetic",
            "classes": "openearthmap-8",
            "data": {"images": "opt", "labels": "gt_ss_mask", "heights": "gt_nDSM"},
            "network": {"name": "rs3dada", **OPTIONS},
            "loss": {"paper": True},
            "optim": {"lr": 1e-5, "encoder_lr": 1e-6, "weight_decay": 5e-4, "clip": None, "batch": 1},
        }
    )
    spec = SyntheticSpec(
        confidence=hyper["confidence"],
        ratio=hyper["consistency_ratio"],
        feature_threshold=hyper["feature_threshold"],
        height_weight=hyper["lambda_height"],
    )
    student = filled(rs3dada, "")
    module = AdaptationModule(
        recipe,
        student,
        load_legend("openearthmap-8"),
        SCALING,
        spec,
        heads=("classes", "height"),
        teacher=filled(rs3dada, "teacher."),
        frozen=filled(rs3dada, "frozen.", ("pretrained.",)).encoder,
        raised=hyper["ground_classes_kept"],
        pretrained=tuple(student.encoder.parameters()),
    ).train()
    items = batch(rs3dada, stored)
    losses, pseudo = module.losses(items)
    total = with_total(losses)["loss"]
    total.backward()
    return stored, module, items, {name: term.item() for name, term in losses.items()}, pseudo, total.item()


def named(module):
    """Our parameters by their published names."""
    return {name: parameter for own, parameter in module.network.named_parameters() for name in published_names(own)}


def test_what_the_teacher_says(step):
    stored, module, items, _, pseudo, _ = step
    expected = stored["expected"]
    assert float(items["pasted"].float().mean()) == pytest.approx(expected["mask_fraction"], abs=1e-6)
    assert float(pseudo.certain) == pytest.approx(expected["q_class"], abs=1e-4)
    assert float(pseudo.consistent) == pytest.approx(expected["q_height"], abs=1e-4)
    seen = module.see(items["target"])
    assert float(seen.height.mean()) == pytest.approx(expected["teacher_height_mean"], abs=1e-5)
    assert float(seen.height.std()) == pytest.approx(expected["teacher_height_std"], abs=1e-5)
    counts = np.bincount(pseudo.mask.flatten(), minlength=8)
    assert np.abs(counts - expected["teacher_label_histogram"]).sum() <= 2


def test_the_five_losses(step):
    stored, _, _, losses, _, total = step
    for ours, theirs in TERMS.items():
        assert losses[ours] == pytest.approx(stored["expected"][theirs], rel=1e-5), ours
    assert total == pytest.approx(stored["expected"]["loss_total"], rel=1e-5)


def test_gradients(step):
    stored, module, *_ = step
    parameters, expected = named(module), stored["expected"]
    for name, norm in expected["grad_norms"].items():
        assert float(parameters[name].grad.norm()) == pytest.approx(norm, rel=1e-3), name
    gradients = [parameter.grad for parameter in module.network.parameters()]
    assert all(gradient is not None for gradient in gradients)
    total = torch.stack([gradient.norm() for gradient in gradients]).norm()
    assert float(total) == pytest.approx(expected["grad_norm_total"], rel=1e-3)
    # What gets no gradient in the published network is not kept in ours.
    assert not set(expected["parameters_without_grad"]) & set(parameters)


def test_batch_norm_statistics(step):
    stored, module, *_ = step
    buffers = {name: buffer for own, buffer in module.network.named_buffers() for name in published_names(own)}
    for name, (first, second) in stored["expected"]["student_bn_after_two_forwards"].items():
        buffer = buffers[name].double()
        if buffer.ndim == 0:
            assert float(buffer) == first
        else:
            assert float(buffer.mean()) == pytest.approx(first, abs=1e-5), name
            assert float(buffer.std()) == pytest.approx(second, abs=1e-5), name


def test_update(step):
    stored, module, *_ = step
    parameters = named(module)
    before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    build_optimizer(module, module.recipe.optim, pretrained=list(module.network.encoder.parameters())).step()
    key = next(key for key in stored["expected"] if key.startswith("adamw_update_norm"))
    for name, norm in stored["expected"][key].items():
        assert (parameters[name].detach() - before[name]).norm().item() == pytest.approx(norm, rel=1e-3), name
