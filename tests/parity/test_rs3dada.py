"""RS3DAda's network against the published code: outputs and intermediates of both heads, also of an imported file."""

import pytest
import torch

import landwright
from landwright.bundles.importers.rs3dada import convert, network_options, published_names
from landwright.networks import create_network
from landwright.tensors import Unfilled

TOLERANCE = 5e-5
FILES = {"vits_small": "vits_small_126x210_b2", "vitl": "vitl_224"}
HEADS = {"regression": "height", "segmentation": "classes"}
LEVELS = range(4)
MODULES = {"tokens0": "encoder.blocks.0<", "taps": "encoder.norm"}
for theirs, ours in HEADS.items():
    MODULES |= {f"{theirs}_resize_{level}": f"heads.{ours}.resizes.{level}" for level in LEVELS}
    MODULES |= {f"{theirs}_path_{level + 1}": f"heads.{ours}.fusions.{level}" for level in LEVELS}
    MODULES |= {f"{theirs}_head_raw": f"heads.{ours}.tail.layers"}


@pytest.fixture(scope="module")
def rs3dada(parity):
    return parity("rs3dada")


@pytest.fixture(scope="module")
def small(rs3dada):
    return rs3dada.weights(rs3dada.manifest["state_dict"]["vits_small"])


def converted(state, settings=None):
    options, classes, bands = network_options(settings or {}, state)
    with Unfilled():
        network = create_network("rs3dada", classes=classes, bands=bands, **options)
    network.load_state_dict(convert(state, options=options), strict=True)
    return network.eval()


def compare(rs3dada, record, file, network):
    case = rs3dada.case(file)
    with record(network, MODULES) as seen, torch.no_grad():
        outputs = network(rs3dada.image(case["input_seed"], case["input_shape"]))
        positions = network.encoder.positions(tuple(side // 14 for side in case["input_shape"][2:]))
    taps = seen.pop("taps")
    tensors = {name: values[0] for name, values in seen.items()}
    tensors |= {f"feat_{level}_patch": tap[:, 1:] for level, tap in enumerate(taps)}
    tensors |= {f"feat_{level}_cls": tap[:, 0] for level, tap in enumerate(taps)}
    tensors |= {"pos_embed_interp": positions, "regression": outputs.height, "segmentation": outputs.classes}
    assert torch.equal(outputs.tokens.flatten(2).transpose(1, 2), tensors["feat_3_patch"])
    rs3dada.check_strides(file, tensors, TOLERANCE)
    return outputs


def test_outputs_and_intermediates(rs3dada, small, record):
    compare(rs3dada, record, FILES["vits_small"], converted(small))


def test_an_imported_checkpoint_maps_as_published(rs3dada, small, record, tmp_path):
    torch.save({f"module.{name}": tensor for name, tensor in small.items()}, tmp_path / "height.pth")
    landwright.import_checkpoint(tmp_path / "height.pth", "rs3dada").save(tmp_path / "bundle")
    loaded = landwright.load(tmp_path / "bundle")
    card = loaded.card
    options = {"encoder": "vits", "features": 64, "out_channels": [48, 96, 192, 384], "heads": "both"}
    assert card.network.options == options
    assert (card.legend.name, card.outputs, card.gsd) == ("openearthmap-8", ("classes", "height"), (0.05, 1.0))
    compare(rs3dada, record, FILES["vits_small"], loaded.network)


@pytest.mark.parametrize("heads", ["height", "classes"])
def test_one_head_alone_gives_the_same_map(rs3dada, small, heads):
    case, stored = rs3dada.case(FILES["vits_small"]), rs3dada.arrays(FILES["vits_small"])
    with torch.no_grad():
        outputs = converted(small, {"heads": heads})(rs3dada.image(case["input_seed"], case["input_shape"]))
    name = next(theirs for theirs, ours in HEADS.items() if ours == heads)
    steps = tuple(slice(None, None, step) for step in case["tensors"][name]["stride"])
    assert (outputs.classes is None, outputs.height is None) == (heads == "height", heads == "classes")
    wanted = torch.from_numpy(stored[name])
    torch.testing.assert_close(getattr(outputs, heads)[steps], wanted, atol=TOLERANCE, rtol=0)


@pytest.mark.slow
def test_the_large_network(rs3dada, record):
    state = rs3dada.weights(rs3dada.manifest["state_dict"]["vitl"])
    compare(rs3dada, record, FILES["vitl"], converted(state))


@pytest.mark.parametrize("name", FILES)
def test_every_published_parameter_has_a_place(rs3dada, name):
    listed = rs3dada.manifest["state_dict"][name]
    state = {entry: torch.empty(shape, device="meta") for entry, (_, shape) in listed.items()}
    options, classes, bands = network_options({}, state)
    with torch.device("meta"):
        network = create_network("rs3dada", classes=classes, bands=bands, **options)
    own = convert(state, options=options)
    assert {key: tensor.shape for key, tensor in own.items()} == {
        key: tensor.shape for key, tensor in network.state_dict().items()
    }
    dead = {entry for entry in listed if "mask_token" in entry or ".refinenet4.resConfUnit1." in entry}
    assert {entry for key in own for entry in published_names(key)} == set(listed) - dead
    buffers = sum(state[entry].numel() for entry in dead if "running_" not in entry and "num_batches" not in entry)
    published = rs3dada.manifest["config"][name]["parameters"]
    assert sum(p.numel() for p in network.parameters()) + buffers == published
