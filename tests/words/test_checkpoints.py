"""Every form in which dual encoders are published loads; every wrong one is refused with what it is."""

import pytest
import torch
from safetensors.torch import save_file

from landwright.errors import DataError, UsageError
from landwright.networks.clip.families import build_encoder
from landwright.networks.clip.huggingface import convert_hf_clip, hf_name
from landwright.networks.clip.positions import merge_positions
from landwright.networks.clip.towers import build_clip
from landwright.tensors import StateMismatchError
from landwright.words.checkpoints import LONG, read_clip
from landwright.words.loading import load_network
from landwright.words.registry import model_info

OWN = model_info("own")
GELU = {"activation": "gelu"}


def check(found, state):
    """Compare what was read with the towers that were saved, and fill an encoder with it, strictly."""
    assert {name.removeprefix("clip.") for name in found.state} == set(state)
    assert all(torch.equal(found.state[f"clip.{name}"], tensor.float()) for name, tensor in state.items())
    options = {name: found.options[name] for name in ("activation", "context")}
    build_encoder("openclip", found.options["architecture"], **options).load_state_dict(found.state, strict=True)


FORMATS = {
    "plain": lambda state: state,
    "training": lambda state: {
        "epoch": 20,
        "name": "run",
        "state_dict": state,
        "optimizer": {"state": {}, "param_groups": [{"lr": 1e-6}]},
        "scaler": {"scale": 65536.0},
        "state_dict_teacher": {name: tensor + 1 for name, tensor in state.items()},
    },
    "module.": lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
    "training with module.": lambda state: {
        "epoch": 20,
        "state_dict": {f"module.{name}": tensor for name, tensor in state.items()},
    },
    "with OpenAI's notes": lambda state: (
        state
        | {"input_resolution": torch.tensor(64), "context_length": torch.tensor(77), "vocab_size": torch.tensor(49408)}
    ),
    "half precision": lambda state: {name: tensor.half() for name, tensor in state.items()},
}


@pytest.mark.parametrize("form", FORMATS)
def test_state_dicts(tmp_path, state, form):
    torch.save(FORMATS[form](state), tmp_path / "a.pt")
    found = read_clip(tmp_path / "a.pt", OWN, **GELU)
    expected = {name: tensor.half() for name, tensor in state.items()} if form == "half precision" else state
    check(found, expected)
    assert found.options == {"architecture": "compact", "activation": "gelu", "context": 77}
    assert found.note is None


def test_safetensors(tmp_path, state):
    save_file(state, tmp_path / "a.safetensors")
    check(read_clip(str(tmp_path / "a.safetensors"), OWN, **GELU), state)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("half", [False, True])
def test_torchscript(tmp_path, state, half):
    model = build_clip("compact")
    model.load_state_dict(state)
    with torch.no_grad():
        example = (torch.zeros(1, 3, 64, 64), torch.zeros(1, 77, dtype=torch.long))
        traced = torch.jit.trace(model.train(), example, check_trace=False)
    (traced.half() if half else traced).save(tmp_path / "a.pt")
    check(read_clip(tmp_path / "a.pt", OWN, **GELU), {k: v.half() for k, v in state.items()} if half else state)


@pytest.mark.parametrize("masks", [True, False])
def test_longclip(tmp_path, long_state, masks):
    kept = {name: tensor for name, tensor in long_state.items() if masks or not name.startswith("mask")}
    torch.save({"state_dict": kept}, tmp_path / "a.pt")
    found = read_clip(tmp_path / "a.pt", OWN, **GELU)
    assert found.options["context"] == 248
    joined = merge_positions(long_state["positional_embedding"], long_state[LONG])
    plain = {name: tensor for name, tensor in kept.items() if name != LONG and not name.startswith("mask")}
    check(found, plain | {"positional_embedding": joined})


def test_transformers(tmp_path):
    from transformers import CLIPConfig, CLIPModel

    text = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 3, "num_attention_heads": 4}
    vision = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 4}
    config = CLIPConfig(
        text_config=text, vision_config={**vision, "image_size": 64, "patch_size": 8}, projection_dim=128
    )
    torch.manual_seed(0)
    model = CLIPModel(config).eval()
    model.save_pretrained(tmp_path / "model")
    found = read_clip(tmp_path / "model" / "model.safetensors", OWN, activation="quick_gelu")
    encoder = build_encoder("openclip", "compact").eval()
    encoder.load_state_dict(found.state, strict=True)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        theirs = model.visual_projection(model.vision_model(pixel_values=image).pooler_output)
        assert torch.allclose(encoder.pooled(image), theirs, atol=1e-5)
    content = model.state_dict()
    packed = convert_hf_clip(content)
    assert {part for name in packed for part in hf_name(name).split(", ")} == {
        name for name in content if not name.endswith("position_ids")
    }
    assert hf_name("visual.transformer.resblocks.0.other") == "visual.transformer.resblocks.0.other"
    value = content.pop("text_model.encoder.layers.1.layer_norm1.bias")
    torch.save(content | {"text_model.extra": value}, tmp_path / "a.pt")
    with pytest.raises(StateMismatchError) as caught:
        load_network("own", tmp_path / "a.pt", read_clip(tmp_path / "a.pt", OWN, **GELU), {})
    assert caught.value.missing == ("text_model.encoder.layers.1.layer_norm1.bias",)
    assert caught.value.unexpected == ("text_model.extra",)


def test_positions_of_other_images_are_fitted_as_open_clip_does(tmp_path, state):
    larger = torch.randn(1 + 10 * 10, 128)
    torch.save(state | {"visual.positional_embedding": larger}, tmp_path / "a.pt")
    found = read_clip(tmp_path / "a.pt", OWN, **GELU)
    assert "10 x 10 patches were fitted to the 8 x 8 of compact" in found.note
    assert found.state["clip.visual.positional_embedding"].shape == (65, 128)
    assert torch.equal(found.state["clip.visual.positional_embedding"][0], larger[0])


def without(*beginnings):
    return lambda state: {name: tensor for name, tensor in state.items() if not name.startswith(beginnings)}


def renamed(prefix):
    return lambda state: {f"{prefix}{name}": tensor for name, tensor in state.items()}


OTHERS = {
    "resnet": (lambda s: s | {"visual.layer1.0.conv1.weight": torch.zeros(1)} | {"visual.proj": None}, "ResNet"),
    "image tower": (without("token_embedding", "transformer.", "positional", "text_"), "image tower of a CLIP alone"),
    "text tower": (without("visual."), "text tower of a CLIP alone"),
    "siglip": (renamed("visual.trunk."), "image tower of timm, such as SigLIP"),
    "eva": (renamed("visual.blocks.0.attn.q_proj."), "EVA-CLIP"),
    "sam": (lambda s: {"image_encoder.a": torch.zeros(1), "mask_decoder.b": torch.zeros(1)}, "Segment Anything"),
    "bundle": (lambda s: renamed("encoder.clip.")(s) | {"queries": torch.zeros(2, 2)}, "landwright bundle"),
    "jbu": (lambda s: {"upsampler.up.range_temp": torch.zeros(1)}, "feature upsampler"),
    "hf image tower": (lambda s: {"vision_model.a": torch.zeros(1)}, "CLIP of transformers alone"),
    "hf siglip": (
        lambda s: {"vision_model.head.probe": torch.zeros(1), "text_model.a": torch.zeros(1)},
        "SigLIP model of transformers",
    ),
    "anything": (lambda s: {"fc.weight": torch.zeros(1)}, "something else, with tensors such as fc.weight"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_files_are_refused_with_what_they_are(tmp_path, state, kind):
    make, words = OTHERS[kind]
    content = {name: tensor for name, tensor in make(state).items() if tensor is not None}
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(DataError, match=words) as caught:
        read_clip(tmp_path / "a.pt", OWN, **GELU)
    assert caught.value.path == str(tmp_path / "a.pt")
    assert caught.value.remedy


def test_a_broken_file_of_transformers(tmp_path):
    layer = "vision_model.encoder.layers.0.self_attn.q_proj.weight"
    torch.save({layer: torch.zeros(2, 2), "text_model.a": torch.zeros(1)}, tmp_path / "a.pt")
    with pytest.raises(DataError, match=r"k_proj\.weight' is missing"):
        read_clip(tmp_path / "a.pt", OWN, **GELU)


def full(name, **changes):
    """Return the state dict of a full-size model without its memory."""
    with torch.device("meta"):
        state = build_clip(name, **changes).state_dict()
    return {key: torch.zeros(()).expand(tensor.shape) for key, tensor in state.items()}


@pytest.fixture
def pretend(monkeypatch):
    """Read tensors from memory instead of a file."""

    def use(state):
        monkeypatch.setattr("landwright.words.checkpoints.read_checkpoint", lambda path: dict(state))

    return use


@pytest.mark.parametrize(
    ("model", "architecture", "context"),
    [
        ("farslip1-b16", "ViT-B-16", 77),
        ("farslip2-b32", "ViT-B-32", 248),
        ("remoteclip-l14", "ViT-L-14", 77),
        ("clip-l14-336", "ViT-L-14-336", 77),
        ("georsclip-h14", "ViT-H-14", 77),
        ("own", "ViT-L-14", 248),
    ],
)
def test_full_sizes(pretend, model, architecture, context):
    pretend(full(architecture, context=context))
    found = read_clip("a.pt", model_info(model), activation="gelu" if model == "own" else None)
    assert (found.options["architecture"], found.options["context"]) == (architecture, context)


@pytest.mark.parametrize(
    ("model", "architecture", "words", "remedy"),
    [
        ("farslip1-b16", "ViT-B-32", "holds the towers of ViT-B-32", "farslip1-b32"),
        ("farslip1-b16", "ViT-L-14", "patches of 14 pixels", "own"),
        ("clip-l14", "ViT-L-14-336", "grid of 24 x 24", "clip-l14-336"),
    ],
)
def test_another_architecture(pretend, model, architecture, words, remedy):
    pretend(full(architecture))
    with pytest.raises(DataError, match=words) as caught:
        read_clip("a.pt", model_info(model))
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("model", "context", "words"),
    [
        ("farslip2-b16", 77, "have 77 positions of plain CLIP, not the 248 positions of LongCLIP of farslip2-b16"),
        ("farslip1-b16", 248, "have 248 positions of LongCLIP, not the 77"),
        ("farslip1-b16", 100, "have 100 positions, not the 77"),
    ],
)
def test_another_context(pretend, model, context, words):
    pretend(full("ViT-B-16", context=context))
    with pytest.raises(DataError, match=words) as caught:
        read_clip("a.pt", model_info(model))
    assert f"models import FILE --as {model} --set context={context}" in caught.value.remedy
    assert read_clip("a.pt", model_info(model), context=context).options["context"] == context


def test_half_a_longclip(tmp_path, long_state, state):
    torch.save(long_state | {"positional_embedding": state["positional_embedding"]}, tmp_path / "a.pt")
    with pytest.raises(DataError, match=r"do not go together: \[77, 128\] and \[248, 128\]"):
        read_clip(tmp_path / "a.pt", OWN, **GELU)


@pytest.mark.parametrize(
    ("model", "words"), [("own", "no known architecture"), ("clip-b16", r"those of clip-b16 have")]
)
def test_no_known_architecture(tmp_path, state, model, words):
    torch.save(state | {"visual.proj": torch.zeros(128, 96)}, tmp_path / "a.pt")
    with pytest.raises(DataError, match=words):
        read_clip(tmp_path / "a.pt", model_info(model), **GELU)


def test_activations(saved):
    with pytest.raises(UsageError, match="no file tells the activation") as caught:
        read_clip(saved, OWN)
    assert "activation=quick_gelu" in caught.value.remedy
    with pytest.raises(UsageError, match="activation 'relu' is unknown"):
        read_clip(saved, OWN, activation="relu")


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_clip(tmp_path / "a.pt", OWN, **GELU)


def test_what_only_one_way_has(pretend):
    pretend(full("ViT-B-16"))
    assert read_clip("a.pt", model_info("cosmos-b16")).options == {
        "architecture": "ViT-B-16",
        "activation": "gelu",
        "context": 77,
        "attention": "sclip",
        "residual": True,
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite(tmp_path, state, value):
    bad = state["visual.proj"].clone()
    bad[3, 4] = value
    torch.save(
        {"state_dict": {f"module.{name}": tensor for name, tensor in (state | {"visual.proj": bad}).items()}},
        tmp_path / "a.pt",
    )
    with pytest.raises(DataError, match=r"its tensor visual\.proj holds values that are not finite") as caught:
        read_clip(tmp_path / "a.pt", OWN, **GELU)
    assert caught.value.remedy


def test_a_clip_with_a_part_missing(tmp_path, state):
    torch.save({name: tensor for name, tensor in state.items() if name != "visual.proj"}, tmp_path / "a.pt")
    with pytest.raises(DataError, match=r"is a CLIP with a part missing or mis-shaped: visual\.proj"):
        read_clip(tmp_path / "a.pt", OWN, **GELU)
