"""Paraformer against the published code: heads, intermediates, a whole map, a published ViT, three training steps."""

import json

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from torch import nn

import landwright
from landwright.bundles.importers.paraformer import convert, network_options, published_names
from landwright.engine import KernelWeights, PredictOptions, Tiling, channels, predict_raster
from landwright.engine.classmap import ClassMap
from landwright.losses import CoarseLoss
from landwright.networks import create_network, load_encoder_weights
from landwright.recipe import OptimSpec
from landwright.regimes.optimizer import build_optimizer, build_schedule
from landwright.tensors import Unfilled

TOLERANCE = 1e-5
POSITIONS = "transformer.embeddings.position_embeddings"
TERMS = {"total": "loss", "ce_cnn": "labels", "mce_vit": "agreed_labels"}
DEFAULT, WINDOWS = "default_224", "sliding_300x350"
CASES = ("small_96_pos", "width128_rgb_12cls_224", DEFAULT)
TILING = Tiling(tile=224, overlap=0.5, blend="paraformer")
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

    def weights(file):
        case = paraformer.case(file)
        entries = dict(paraformer.manifest["state_dict"])
        entries |= paraformer.manifest["state_dict_differences"].get(file, {})
        entries[POSITIONS] = ["float32", [1, (case["model"]["img"] // 16) ** 2, 768]]
        state = paraformer.shared(entries)
        if case["extra_fill"]:
            state[POSITIONS] = state[POSITIONS] * np.sqrt(np.prod(entries[POSITIONS][1][1:])) * 0.5
        return state

    return weights


@pytest.fixture(scope="module")
def imported(paraformer, filled, tmp_path_factory):
    """What import makes of a case's checkpoint; that of the published defaults, which also makes a map, is kept."""
    kept = {}

    def bundle(file):
        if file in kept:
            return kept[file]
        path = tmp_path_factory.mktemp("published") / "epoch_99.pth"
        torch.save({f"module.{name}": tensor for name, tensor in filled(file).items()}, path)
        settings = {} if file == DEFAULT else {"bands": paraformer.case(file)["model"]["bands"]}
        made = landwright.import_checkpoint(path, "paraformer", settings=settings)
        path.unlink()
        if file == DEFAULT:
            kept[file] = made
        return made

    yield bundle
    kept.clear()


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
@pytest.mark.parametrize("file", CASES)
def test_an_imported_checkpoint_maps_as_published(paraformer, imported, record, tmp_path, file):
    model = paraformer.case(file)["model"]
    imported(file).save(tmp_path / "bundle")
    loaded = landwright.load(tmp_path / "bundle")
    assert loaded.card.tiling.tile == model["img"]
    assert loaded.card.network.options == {"width": model["width"], "img_size": model["img"]}
    assert loaded.card.legend.name == ("nlcd-paraformer" if model["classes"] == 17 else "classes-12")
    compare(paraformer, record, file, loaded.network)


@pytest.fixture(scope="module")
def mapped(paraformer, imported, tmp_path_factory):
    """The map of the case's raster through import and engine, and the blended probabilities that it was made of."""
    bundle, folder = imported(DEFAULT), tmp_path_factory.mktemp("window")
    height, width = 300, 350
    noise = paraformer.fill.image(paraformer.case(WINDOWS)["input_seed"], (4, height, width))
    pixels = np.clip(np.round(128 + 40 * noise), 1, 255).astype(np.uint8)
    profile = {"driver": "GTiff", "count": 4, "height": height, "width": width, "dtype": "uint8", "crs": "EPSG:26918"}
    with rasterio.open(folder / "tile.tif", "w", transform=Affine(1, 0, 4e5, 0, -1, 4.7e6), **profile) as file:
        file.write(pixels)
    blended = np.full((17, height, width), np.nan, np.float32)

    class Recorder(ClassMap):
        def write(self, row, scores, valid):
            blended[:, row : row + scores.shape[1]] = scores.numpy()
            super().write(row, scores, valid)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channels, "ClassMap", Recorder)
        options = PredictOptions(tile=TILING.tile, overlap=TILING.overlap, blend="paraformer", device="cpu")
        result = predict_raster(bundle, folder / "tile.tif", folder / "map.tif", options=options)
    with rasterio.open(result.path) as file:
        codes = file.read(1)
    return bundle, codes, blended


@pytest.mark.slow
def test_classes_equal_the_published_map(paraformer, mapped):
    bundle, codes, _ = mapped
    assert bundle.legend.name == "nlcd-paraformer"
    indices = bundle.legend.encode(codes)
    expected = paraformer.arrays(WINDOWS)["classes"]
    agreement = (indices == expected).mean()
    assert agreement >= 0.999, f"{agreement:.4%} of the pixels have the published class"


@pytest.mark.slow
def test_blended_probabilities(paraformer, mapped):
    _, _, blended = mapped
    difference = np.abs(blended[:, ::10, ::10] - paraformer.arrays(WINDOWS)["prob_sample"]).max()
    assert difference < 1e-5, f"probabilities differ by {difference:.1e}"


@pytest.mark.slow
def test_windows_and_kernel_sums(paraformer):
    rows, cols = TILING.starts(300), TILING.starts(350)
    origins = [list(origin) for origin in ((row, col) for row in rows for col in cols)]
    assert origins == paraformer.case(WINDOWS)["chip_origins_yx"]
    total = KernelWeights(TILING.tile, rows, cols, torch.device("cpu")).total(0, 300, 0, 350)
    np.testing.assert_array_equal(total[::4, ::4].numpy(), paraformer.arrays(WINDOWS)["counts"])


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
    options, classes, bands = network_options({}, state)
    with Unfilled():
        network = create_network("paraformer", classes=classes, bands=bands, **options)
    # Copied and not assigned: steps change the weights, and other tests read the drawn ones.
    network.load_state_dict(convert(state, options=options), strict=True)
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
