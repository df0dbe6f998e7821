"""Upsamplers equal the published ones: stored outputs for filled weights and for FeatUp's trained ones."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from landwright.networks.clip.jbu import make_upsampler

TOLERANCE = 1e-5
PREFIX = "upsampler."
TRAINED = "data/weights/clip_jbu_stack_cocostuff.upsampler.safetensors"
CASES = {
    "simfeatup_jbu_one": "jbu-one",
    "featup_jbu_stack": "jbu-stack",
    "featup_jbu_stack_official": "jbu-stack",
}


def filled(system, kind):
    entry = system.manifest["upsamplers"][kind]
    weights = system.weights(entry["state_dict"]) | {name: torch.tensor(v) for name, v in entry["kept"].items()}
    return {name.removeprefix(PREFIX): tensor for name, tensor in weights.items()}


@pytest.fixture(scope="module", params=CASES)
def run(request, parity, shared):
    system = parity("ovss")
    case = system.case(request.param)
    upsampler = make_upsampler(CASES[request.param], case["config"]["feat_dim"]).eval()
    kind = case["config"]["upsampler"]
    weights = load_file(shared / TRAINED) if request.param.endswith("official") else filled(system, kind)
    upsampler.load_state_dict(weights)
    features, image = (system.image(*pair) for pair in zip(case["input_seed"], case["input_shape"], strict=True))
    with torch.no_grad():
        output = upsampler(features, image)
    return SimpleNamespace(
        system=system, name=request.param, upsampler=upsampler, features=features, image=image, output=output
    )


def compare(ours, stored, entry):
    steps = [slice(None, None, entry["stride"].get(str(axis), 1)) for axis in range(ours.ndim)]
    assert list(ours.shape) == entry["full_shape"]
    assert abs(ours[tuple(steps)].numpy() - stored).max() <= TOLERANCE


def test_features_are_the_published_ones(run):
    case, stored = run.system.case(run.name), run.system.arrays(run.name)
    compare(run.output, stored["output_x16"], case["arrays"]["output_x16"])
    step = run.upsampler.steps[0]
    with torch.no_grad():
        first = step(run.features[0].permute(1, 2, 0), run.image[0]).permute(2, 0, 1)[None]
    compare(first, stored["first_x2"], case["arrays"]["first_x2"])
    for name, ours in {"first_x2": first, "output_x16": run.output}.items():
        wide = ours.double()
        for statistic in ("mean", "std"):
            found = getattr(wide, statistic)(dim=(0, 2, 3), **({"correction": 0} if statistic == "std" else {}))
            assert stored[f"{name}.{statistic}"].shape == found.shape
            assert abs(found.numpy() - stored[f"{name}.{statistic}"]).max() <= TOLERANCE


def test_spatial_kernels_are_the_published_ones(run):
    stored = run.system.arrays(run.name)["spatial_kernel_first"]
    ours = run.upsampler.steps[0].spatial_kernel().detach().reshape(1, -1, 1, 1).numpy()
    assert abs(ours - stored).max() <= 1e-6


def test_similarities_are_those_of_the_published_features(run):
    queries = F.normalize(torch.from_numpy(run.system.values("ovss.queries.14", (14, 512))), dim=1)
    with torch.no_grad():
        ours = run.upsampler.similarities(run.features, run.image, queries)
    expected = torch.einsum("bdhw,qd->bqhw", F.normalize(run.output, dim=1), queries)
    assert (ours - expected).abs().max() <= 1e-6
