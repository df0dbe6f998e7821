"""CTFA's and ATSG's network against the published code: logits, activation maps, tokens, labels, contrast, imports."""

import hashlib
from functools import cache

import pytest
import torch
import torch.nn.functional as F

import landwright
from landwright.bundles.card import IMAGENET_MEAN, IMAGENET_STD
from landwright.bundles.importers.ctfa import convert, network_options, published_names
from landwright.filters.labels import cam_labels, refined_labels, roi_map, token_labels
from landwright.networks import create_network
from landwright.networks.ctfa import multi_scale_cams
from landwright.tensors import Unfilled

SYSTEMS = ("ctfa", "atsg")
TINY = {768: 192, 2304: 576, 3072: 768}
AUX_BLOCK = {"ctfa": 9, "atsg": "dynamic"}


def listed(system, backbone, classes):
    """Kind and shape of every published tensor; the manifest has those of the base encoder with 16 classes."""
    rows = {"decoder.conv8": classes, "foreground_decoder.conv8": classes}
    rows |= {"classifier": classes - 1, "aux_classifier": classes - 1}
    entries = {}
    for name, (kind, base) in system.manifest["state_dict"].items():
        shape = [TINY.get(side, side) for side in base] if "tiny" in backbone else list(base)
        shape[0] = rows.get(name.removesuffix(".weight"), shape[0])
        entries[name] = kind, shape
    return entries


def remember(encoder):
    """Have a large encoder run once for images that are the same: both systems' heads and maps read what it makes.

    Which block the auxiliary head reads is still chosen every time. Tiny networks are left alone: there every head and
    map runs the encoder itself.
    """
    embed, embedded = encoder.embed, {}

    def once_an_image(image):
        key = image.shape, hashlib.sha256(image.numpy().tobytes()).digest()
        if key not in embedded:
            embedded[key] = embed(image)
        return embedded[key]

    def once(run):
        made = {}  # with the tokens themselves, so that no others get their number

        def forward(tokens):
            if id(tokens) not in made:
                made[id(tokens)] = tokens, run(tokens)
            return made[id(tokens)][1]

        return forward

    encoder.embed = once_an_image
    for block in encoder.blocks:
        block.forward = once(block.forward)


@pytest.fixture(scope="module")
def build(parity):
    """Return a function that gives a network with the weights of a case, built once."""
    system = parity("ctfa")

    def state(tiny, classes):
        return system.shared(listed(system, "deit_tiny" if tiny else "deit_base", classes))

    @cache
    def network(tiny, classes):
        published = state(tiny, classes)
        options, logits, bands = network_options({}, published)
        with Unfilled():
            made = create_network("ctfa", classes=logits, bands=bands, **options)
        # The teacher's head is trained in a test, and drawn tensors are not to change.
        own = convert(published, options=options)
        own |= {name: tensor.clone() for name, tensor in own.items() if name.startswith("proj_head_t.")}
        made.load_state_dict(own, strict=True, assign=True)
        if not tiny:
            remember(made.encoder)
        return made.eval()

    def get(folder, file):
        config = parity(folder).case(file)["config"]
        found = network("tiny" in config["backbone"], config["num_classes"])
        found.aux_block = AUX_BLOCK[folder]
        return found

    get.state = state
    yield get
    network.cache_clear()


def pixels(system, seed, shape):
    return system.image(seed, shape).clamp(-1.75, 2.0)


def compare(name, ours, theirs, tolerance):
    theirs = torch.from_numpy(theirs)
    assert ours.shape == theirs.shape, name
    difference = float((ours - theirs).abs().max())
    assert difference <= tolerance, f"{name} differs by {difference:.2e}, allowed {tolerance:.0e}"


def within(boxes, size):
    """Return where pixels (B, h, w) lie in boxes (y0, y1, x0, x1)."""
    inside = torch.zeros(len(boxes), *size, dtype=torch.bool)
    for mask, (top, bottom, left, right) in zip(inside, boxes, strict=True):
        mask[top:bottom, left:right] = True
    return inside


def published_labels(case, image, cam, cam_aux, grid):
    """Make all labels of a case, each with the stride of its stored sample."""
    thresholds, boxes = case["config"]["thresholds"], case["derived"]["img_box"]
    limits = {name: thresholds[name] for name in ("high", "low")}
    tags = torch.zeros(cam.shape[:2])
    for row, present in zip(tags, case["derived"]["tags"], strict=True):
        row[present] = 1
    mean, std = (torch.tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD))
    valid = within(boxes, image.shape[2:])
    tokens, _ = token_labels(cam_aux, tags, valid, grid, background=True, **limits, official=True)
    refined = refined_labels(image * std + mean, cam, tags, valid, background=True, **limits, official=True)
    return {
        "cam_pseudo_label": (cam_labels(cam, tags, valid, background=True, **limits), 2),
        "aux_token_label": (tokens, 1),
        "roi_mask": (roi_map(cam_aux, tags, **limits), 4),
        "refined_pseudo_label": (refined, 2),
    }


def compare_tokens(name, ours, stored, tolerance):
    compare(name, ours[:, ::32, ::2, ::2], stored[f"{name}_sample"], tolerance)
    compare(f"{name} mean", ours.mean((0, 2, 3)), stored[f"{name}_chan_mean"], tolerance)
    deviation = ours.transpose(0, 1).flatten(1).std(1)
    compare(f"{name} deviation", deviation, stored[f"{name}_chan_std"], tolerance)


@pytest.mark.parametrize("folder", SYSTEMS)
@pytest.mark.parametrize(
    "file",
    [
        "isaid_deit_tiny_96",
        pytest.param("potsdam_deit_base_224", marks=pytest.mark.slow),
        pytest.param("isaid_deit_base_320", marks=pytest.mark.slow),
    ],
)
def test_network(parity, build, folder, file):
    system = parity(folder)
    case, stored = system.case(file), system.arrays(file)
    tolerance = system.manifest["tolerances"]["logits_cams_tokens"]
    network = build(folder, file)
    image = pixels(system, case["input_seed"], case["input_shape"])
    with torch.no_grad():
        step, outputs = network.step(image), network(image)
        cam, cam_aux = network.cams(image)
        encoded = network.encoder(image, network.aux_block)
    assert [int(step.block)] == case["derived"]["aux_block_index"]
    for name, ours in {
        "cls_logits": step.cls,
        "cls_logits_aux": step.cls_aux,
        "seg_logits": step.seg,
        "fg_logits": step.foreground,
        "cam": cam,
        "cam_aux": cam_aux,
        "cls_token": step.cls_token,
    }.items():
        compare(name, ours, stored[name], tolerance)
    compare_tokens("tokens_final", step.tokens, stored, tolerance)
    compare_tokens("tokens_aux", encoded.auxiliary, stored, tolerance)
    cams = multi_scale_cams(network, image)
    for name, ours in zip(("mscam", "mscam_aux"), cams, strict=True):
        stride = case["mscam_stride"]
        compare(name, ours[..., ::stride, ::stride], stored[f"{name}_sample"], tolerance)
    labels = published_labels(case, image, *cams, grid=step.tokens.shape[2:])
    for name, (ours, stride) in labels.items():
        agree = (ours[:, ::stride, ::stride].numpy() == stored[name]).mean()
        assert agree >= system.manifest["tolerances"]["label_map_agreement"], f"{name}: {agree:.4%} agree"
    for enlarged, logits in ((outputs.classes, "seg_logits"), (outputs.foreground, "fg_logits")):
        wanted = F.interpolate(torch.from_numpy(stored[logits]), size=image.shape[2:], mode="bilinear")
        compare(f"{logits} enlarged", enlarged, wanted.numpy(), tolerance)
    assert torch.equal(outputs.tokens, step.tokens)


@pytest.mark.parametrize("folder", SYSTEMS)
@pytest.mark.parametrize("file", ["isaid_deit_tiny_96", pytest.param("isaid_deit_base_320", marks=pytest.mark.slow)])
def test_contrast(parity, build, folder, file):
    system = parity(folder)
    case, stored = system.case(file), system.arrays(file)
    crops = case["ctc_crops"]
    network = build(folder, file)
    teacher = {name: tensor.clone() for name, tensor in network.proj_head_t.state_dict().items()}
    views = [pixels(system, seed, case["input_shape"]) for seed in crops["global"]]
    views += [pixels(system, seed, crops["local_shape"]) for seed in crops["local_seeds"]]
    with torch.no_grad():
        tokens = [network.cls_tokens(view) for view in views]
        network.update_teacher()
        taught, student = network.teach(torch.cat(tokens[:2])), network.project(torch.cat(tokens))
    network.proj_head_t.load_state_dict(teacher)
    tolerance = system.manifest["tolerances"]["logits_cams_tokens"]
    compare("ctc_teacher", taught, stored["ctc_teacher"], tolerance)
    compare("ctc_student", student, stored["ctc_student"], tolerance)


@pytest.mark.parametrize("folder", SYSTEMS)
def test_an_imported_checkpoint_maps_as_published(parity, build, folder, tmp_path):
    system, file = parity(folder), "isaid_deit_tiny_96"
    case, stored = system.case(file), system.arrays(file)
    published = build.state(True, 16)
    assert len(published) == 176
    torch.save({f"module.{name}": tensor for name, tensor in published.items()}, tmp_path / "model_iter_40000.pth")
    settings = {"aux_block": AUX_BLOCK[folder]}
    landwright.import_checkpoint(tmp_path / "model_iter_40000.pth", "ctfa", settings=settings).save(tmp_path / "bundle")
    loaded = landwright.load(tmp_path / "bundle")
    with torch.no_grad():
        outputs = loaded.network(pixels(system, case["input_seed"], case["input_shape"]))
    assert loaded.card.network.options == {"encoder": "deit_tiny", "background": True, "aux_block": AUX_BLOCK[folder]}
    assert loaded.card.legend.name == "isaid-16"
    tolerance = system.manifest["tolerances"]["logits_cams_tokens"]
    compare("cls_logits", outputs.tags[0], stored["cls_logits"], tolerance)
    compare("cls_logits_aux", outputs.tags[1], stored["cls_logits_aux"], tolerance)
    compare("tokens", outputs.tokens[:, ::32, ::2, ::2], stored["tokens_final_sample"], tolerance)
    wanted = F.interpolate(torch.from_numpy(stored["seg_logits"]), size=(96, 96), mode="bilinear")
    compare("classes", outputs.classes, wanted.numpy(), tolerance)


@pytest.mark.parametrize("backbone", ["deit_tiny", "deit_base"])
@pytest.mark.parametrize("classes", [16, 6])
def test_every_published_parameter_has_a_place(parity, backbone, classes):
    entries = listed(parity("ctfa"), backbone, classes)
    state = {name: torch.empty(shape, device="meta") for name, (_, shape) in entries.items()}
    options, logits, bands = network_options({}, state)
    assert (options, logits, bands) == ({"encoder": backbone, "background": True}, classes, 3)
    with torch.device("meta"):
        network = create_network("ctfa", classes=logits, bands=bands, **options)
    own = convert(state, options=options)
    wanted = {key: tensor.shape for key, tensor in network.state_dict().items()}
    assert {key: tensor.shape for key, tensor in own.items()} == wanted
    unused = {"encoder.head.weight", "encoder.head.bias"}
    assert {name for key in own for name in published_names(key)} == set(state) - unused
