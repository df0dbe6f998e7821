"""One whole training step of CTFA and of ATSG: every loss, both totals, and the gradient norm of every group."""

import json
from dataclasses import replace

import pytest
import torch

from landwright.bundles import IMAGENET_MEAN, IMAGENET_STD
from landwright.bundles.importers.ctfa import convert, network_options
from landwright.filters import token_labels
from landwright.losses import patch_links, relation
from landwright.networks import create_network
from landwright.networks.ctfa import multi_scale_cams
from landwright.networks.dino import DinoTokens
from landwright.regimes.tags_losses import Crops, TagBatch, tag_losses
from landwright.regimes.tags_plan import TagsPlan

SYSTEMS = ("ctfa", "atsg")
TINY = {768: 192, 2304: 576, 3072: 768}
TERMS = {
    "tags": "cls",
    "tags_aux": "cls_aux",
    "contrast": "ctc",
    "affinity": "ptc",
    "seg": "seg",
    "dense_energy": "reg",
    "joint": "joint",
    "objects": "obj",
    "boundary": "bod",
}
LOSS, SEG_JOINT, GRADIENT = 1e-4, 1e-3, 1e-3
MEAN, STD = (torch.tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD))


class Step:
    """The stored step of a system, and ours of the same weights and inputs."""

    def __init__(self, system, name):
        self.system, self.name = system, name
        self.stored = system.manifest | json.loads((system.folder / "train_step.json").read_text())
        self.config = self.stored["config"]
        self.network = self._network()
        self.dino = self._dino() if name == "atsg" else None
        self.batch = self._batch()
        self.crops = self._crops()

    def pixels(self, seed, shape):
        return self.system.image(seed, shape).clamp(-1.75, 2.0)

    def run(self, *, mapped):
        """Return the terms, with gradients in the network."""
        # The teacher's first move belongs to the step.
        self.network.load_state_dict(self.state)
        self.network.zero_grad()
        terms = tag_losses(self.network, self.batch, self.plan, mapped=mapped, features=self.features, crops=self.crops)
        terms["loss"].backward()
        return terms

    @property
    def plan(self):
        weights, thresholds = self.config["weights"], self.config["thresholds"]
        atsg = self.name == "atsg"
        return TagsPlan(
            method=self.name,
            paper=True,
            background=True,
            aux_block="dynamic" if atsg else None,
            patchlink="union" if atsg else "off",
            link_features="dino_tokens",
            link_threshold="batch_mean",
            dino="vit_tiny",
            dino_weights=None,
            link_head=None,
            object_loss="official",
            boundary_loss="official",
            segments="none",
            affinity=weights["ptc"],
            contrast=weights["ctc"],
            seg=weights["seg"],
            dense_energy=weights["reg"],
            joint=weights["joint"],
            objects=weights.get("obj", 0.0),
            boundary=weights.get("bod", 0.0),
            seg_after=0,
            background_score=thresholds["bkg"],
            high=thresholds["high"],
            low=thresholds["low"],
            cam_scales=(1.0, 0.5, 1.5),
            crops=len(self.config["local_crops"]),
            crop_size=self.config["local_crop_shape"][-1],
        )

    @property
    def features(self):
        return None if self.dino is None else lambda picture, size: self.dino((picture - MEAN) / STD)

    def norms(self):
        """Return the gradient norm of every group of the published optimiser, and of all."""
        groups = {"backbone": [], "backbone_norm": [], "cls_and_proj": [], "decoders": []}
        for name, parameter in self.network.named_parameters():
            if parameter.grad is None:
                continue
            if name.startswith("encoder."):
                group = "backbone_norm" if "norm" in name else "backbone"
            else:
                group = "decoders" if "decoder" in name else "cls_and_proj"
            groups[group].append(parameter.grad.norm())
        found = {name: float(torch.stack(each).norm()) if each else 0.0 for name, each in groups.items()}
        return found, float(torch.tensor(list(found.values())).norm())

    def _network(self):
        entries = {}
        for name, (kind, base) in self.system.manifest["state_dict"].items():
            entries[name] = kind, [TINY.get(side, side) for side in base]
        published = self.system.weights(entries)
        options, classes, bands = network_options({}, published)
        if self.name == "atsg":
            options["aux_block"] = "dynamic"
        network = create_network("ctfa", classes=classes, bands=bands, **options)
        self.state = convert(published, options=options)
        network.load_state_dict(self.state, strict=True)
        return network.train()

    def _dino(self):
        dino = DinoTokens("vit_tiny")
        entries = {name: ("float32", list(tensor.shape)) for name, tensor in dino.vit.state_dict().items()}
        dino.vit.load_state_dict(self.system.weights(entries))
        return dino

    def _batch(self):
        _, seed, shape = self.config["input"]
        image = self.pixels(seed, shape)
        tags, valid = torch.zeros(shape[0], 15), torch.zeros(shape[0], *shape[2:], dtype=torch.bool)
        for row, present in zip(tags, self.config["tags"], strict=True):
            row[present] = 1
        for row, (top, bottom, left, right) in zip(valid, self.config["img_box"], strict=True):
            row[top:bottom, left:right] = True
        batch = TagBatch(
            image=image,
            picture=image * STD + MEAN,
            tags=tags,
            valid=valid,
            second=self.pixels(self.config["global_crop_2"], shape),
        )
        if self.name == "ctfa":
            return batch
        plane = [shape[0], *shape[2:]]
        boundary = self.system.image(self.config["boundary"][1], plane).abs() < 0.12
        objects = self.system.image(self.config["objects"][1], plane).mul(3).add(4).round().clamp(0, 9).long()
        return batch._replace(objects=objects.masked_fill(boundary, 0), boundary=boundary.long())

    def _crops(self):
        shape = self.config["local_crop_shape"]
        positive = torch.ones(2 + len(self.config["local_crops"]), shape[0], dtype=torch.bool)
        for image, zeros in self.config["flags_zero"].items():
            positive[zeros, int(image)] = False
        return Crops(torch.cat([self.pixels(seed, shape) for seed in self.config["local_crops"]]), positive[2:])


@pytest.fixture(scope="module", params=SYSTEMS)
def step(parity, request):
    return Step(parity(request.param), request.param)


@pytest.mark.parametrize("stage", ["warmup", "full"])
def test_step(step, stage):
    terms = step.run(mapped=stage == "full")
    wanted = {ours: step.stored["losses"][theirs] for ours, theirs in TERMS.items() if theirs in step.stored["losses"]}
    if stage == "full":
        assert set(terms) - {"loss"} == set(wanted)
    for name in set(terms) - {"loss"}:
        tolerance = SEG_JOINT if name in {"seg", "joint"} else LOSS
        assert terms[name].item() == pytest.approx(wanted[name], rel=tolerance), name
    assert terms["loss"].item() == pytest.approx(step.stored[stage]["total"], rel=LOSS)
    groups, everything = step.norms()
    assert groups == pytest.approx(step.stored[stage]["grad_norm_per_group"], rel=GRADIENT)
    assert everything == pytest.approx(step.stored[stage]["grad_norm_all"], rel=GRADIENT)


def test_relation(step):
    step.network.load_state_dict(step.state)
    _, cam_aux = multi_scale_cams(step.network, step.batch.image)
    with torch.no_grad():
        size = step.network.step(step.batch.image).tokens.shape[-2:]
    plan, batch = step.plan, step.batch
    limits = {"background": plan.background, "high": plan.high, "low": plan.low}
    pairs = relation(token_labels(cam_aux, batch.tags, batch.valid, tuple(size), **limits, official=True)[0])
    if step.dino is not None:
        pairs = patch_links(pairs, step.dino(step.batch.image), threshold="batch_mean", official=True)
    counts = {str(value): int((pairs == value).sum()) for value in (0, 1, 255)}
    assert counts == step.stored["relation_mask_counts"]


def test_terms_without_a_weight_are_not_computed(step):
    plan = replace(step.plan, affinity=0.0, contrast=0.0, dense_energy=0.0, objects=0.0, boundary=0.0)
    with torch.no_grad():
        terms = tag_losses(step.network, step.batch, plan, mapped=True)
    assert set(terms) == {"loss", "tags", "tags_aux", "seg", "joint"}
