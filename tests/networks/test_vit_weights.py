import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from landwright.errors import DataError
from landwright.networks import create_network, encoders, load_encoder_weights, paraformer
from landwright.networks.layers.vit import resize_positions

DIM, DEPTH, HEADS, MLP = 96, 3, 3, 384


@pytest.fixture
def small(monkeypatch):
    """A Paraformer of compact size that is told of published weights, as the large one is."""
    layout = paraformer.LAYOUTS["compact"]
    with_hub = type(layout)(**{**vars(layout), "hub": "someone/small-vit"})
    monkeypatch.setitem(paraformer.LAYOUTS, "compact", with_hub)
    torch.manual_seed(0)
    return create_network("paraformer", classes=2, bands=4, encoder="compact", img_size=64)


def jax(tokens=17):
    """Arrays in the names and shapes of Google's files."""
    rng = np.random.default_rng(1)
    block = {
        "LayerNorm_0/scale": (DIM,),
        "LayerNorm_0/bias": (DIM,),
        "LayerNorm_2/scale": (DIM,),
        "LayerNorm_2/bias": (DIM,),
        "MlpBlock_3/Dense_0/kernel": (DIM, MLP),
        "MlpBlock_3/Dense_0/bias": (MLP,),
        "MlpBlock_3/Dense_1/kernel": (MLP, DIM),
        "MlpBlock_3/Dense_1/bias": (DIM,),
        "MultiHeadDotProductAttention_1/out/kernel": (HEADS, DIM // HEADS, DIM),
        "MultiHeadDotProductAttention_1/out/bias": (DIM,),
    }
    for part in ("query", "key", "value"):
        block[f"MultiHeadDotProductAttention_1/{part}/kernel"] = (DIM, HEADS, DIM // HEADS)
        block[f"MultiHeadDotProductAttention_1/{part}/bias"] = (HEADS, DIM // HEADS)
    shapes = {
        f"Transformer/encoderblock_{number}/{name}": shape for number in range(DEPTH) for name, shape in block.items()
    }
    shapes |= {
        "Transformer/encoder_norm/scale": (DIM,),
        "Transformer/encoder_norm/bias": (DIM,),
        "Transformer/posembed_input/pos_embedding": (1, tokens, DIM),
        "cls": (1, 1, DIM),
        "embedding/kernel": (16, 16, 3, DIM),
        "embedding/bias": (DIM,),
        "pre_logits/kernel": (DIM, DIM),
        "pre_logits/bias": (DIM,),
        "head/kernel": (DIM, 5),
        "head/bias": (5,),
    }
    return {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}


def write(path, arrays):
    np.savez(path, **arrays)
    return path


def test_google_file(small, tmp_path):
    arrays = jax()
    report = load_encoder_weights(small, write(tmp_path / "vit.npz", arrays))
    assert report.loaded == {"transformer": len(small.transformer.state_dict())}
    assert set(report.ignored) == {n for n in arrays if not n.startswith("Transformer/")}
    assert report.normalization is None
    # What the layers compute is what JAX computes: x @ kernel, heads side by side.
    x, block = torch.randn(5, DIM), small.transformer.blocks[2]
    own = "Transformer/encoderblock_2/"
    kernels = {name: torch.from_numpy(arrays[own + name]) for name in (n.removeprefix(own) for n in arrays if own in n)}
    mha = "MultiHeadDotProductAttention_1"
    with torch.no_grad():
        heads = block.attn.qkv(x).reshape(5, 3, HEADS, DIM // HEADS)
        for place, part in enumerate(("query", "key", "value")):
            wanted = torch.einsum("td,dhe->the", x, kernels[f"{mha}/{part}/kernel"]) + kernels[f"{mha}/{part}/bias"]
            torch.testing.assert_close(heads[:, place], wanted, atol=1e-4, rtol=1e-4)
        mixed = torch.einsum("the,hed->td", heads[:, 2], kernels[f"{mha}/out/kernel"]) + kernels[f"{mha}/out/bias"]
        torch.testing.assert_close(block.attn.proj(heads[:, 2].flatten(1)), mixed, atol=1e-3, rtol=1e-4)
        wanted = x @ kernels["MlpBlock_3/Dense_0/kernel"] + kernels["MlpBlock_3/Dense_0/bias"]
        torch.testing.assert_close(block.mlp.fc1(x), wanted, atol=1e-4, rtol=1e-4)
    assert torch.equal(block.norm2.weight, kernels["LayerNorm_2/scale"])


@pytest.mark.parametrize("tokens", [17, 16])
def test_the_position_of_the_class_token_is_dropped(small, tmp_path, tokens):
    arrays = jax(tokens)
    load_encoder_weights(small, write(tmp_path / "vit.npz", arrays))
    table = torch.from_numpy(arrays["Transformer/posembed_input/pos_embedding"])
    assert torch.equal(small.transformer.pos_embed, table[:, tokens - 16 :])


def test_another_grid_is_resized(small, tmp_path):
    arrays = jax(50)
    load_encoder_weights(small, write(tmp_path / "vit.npz", arrays))
    table = torch.from_numpy(arrays["Transformer/posembed_input/pos_embedding"])[:, 1:]
    torch.testing.assert_close(small.transformer.pos_embed.detach(), resize_positions(table, (4, 4)))


def test_timm_names_from_a_file_and_from_the_hub(small, tmp_path, monkeypatch):
    torch.manual_seed(3)
    vit = timm.models.VisionTransformer(
        img_size=64, patch_size=16, embed_dim=DIM, depth=DEPTH, num_heads=HEADS, num_classes=7
    )
    state = {name: tensor.contiguous() for name, tensor in vit.state_dict().items()}
    path = tmp_path / "vit.safetensors"
    save_file(state, path)
    asked = []
    monkeypatch.setattr(encoders, "hf_hub_download", lambda name, _: asked.append(name) or str(path))
    before = small.patch_embed.weight.clone()
    for source in (path, "hub", "other/vit"):
        with torch.no_grad():
            small.transformer.pos_embed.zero_()
        report = load_encoder_weights(small, source)
        assert torch.equal(small.transformer.pos_embed, state["pos_embed"][:, 1:])
        assert report.normalization is None
    assert asked == ["someone/small-vit", "other/vit"]
    assert torch.equal(small.patch_embed.weight, before)
    # The blocks are timm's own: the same tokens give the same.
    tokens = torch.randn(1, 16, DIM)
    with torch.no_grad():
        torch.testing.assert_close(small.eval().transformer.blocks(tokens), vit.eval().blocks(tokens))


def test_where_the_published_weights_are():
    with torch.device("meta"):
        (part,) = create_network("paraformer", classes=2).encoder_parts()
    assert paraformer.LAYOUTS["vit_base"].hub == "timm/vit_base_patch16_224.orig_in21k"
    assert part.name == "transformer"
    assert not any("patch" in name for name in part.module.state_dict())


def mistakes():
    block = "Transformer/encoderblock_1"
    arrays = jax()
    del arrays[f"{block}/MultiHeadDotProductAttention_1/key/kernel"]
    yield arrays, ("missing: blocks.1.attn.qkv.weight", "unexpected: blocks.1.attn.query.weight")
    arrays = jax()
    arrays[f"{block}/MultiHeadDotProductAttention_1/key/kernel"] = np.zeros(3, np.float32)
    yield arrays, ("blocks.1.attn.key.weight",)
    arrays = jax()
    arrays[f"{block}/MlpBlock_3/Dense_0/kernel"] = np.zeros((DIM, 7), np.float32)
    yield arrays, (f"other shape: blocks.1.mlp.fc1.weight (7, {DIM})",)
    arrays = jax(tokens=12)
    yield arrays, ("other shape: pos_embed",)
    arrays = jax()
    arrays["Transformer/encoderblock_3/LayerNorm_0/scale"] = np.zeros(DIM, np.float32)
    arrays["Transformer/encoderblock_3/Odd_0/scale"] = np.zeros(DIM, np.float32)
    yield arrays, ("unexpected: blocks.3.norm1.weight, Transformer/encoderblock_3/Odd_0/scale",)
    yield {"weights": np.zeros(3)}, ("missing: pos_embed", "unexpected: weights")


@pytest.mark.parametrize(("arrays", "words"), list(mistakes()))
def test_files_that_do_not_fit_change_nothing(small, tmp_path, arrays, words):
    before = {name: tensor.clone() for name, tensor in small.state_dict().items()}
    with pytest.raises(DataError, match="do not fit the transformer encoder") as caught:
        load_encoder_weights(small, write(tmp_path / "vit.npz", arrays))
    assert all(piece in str(caught.value) for piece in words)
    assert all(torch.equal(tensor, before[name]) for name, tensor in small.state_dict().items())


def test_damaged_files(small, tmp_path):
    whole = write(tmp_path / "vit.npz", jax()).read_bytes()
    np.savez(tmp_path / "objects.npz", a=np.array([{}], dtype=object))
    np.save(tmp_path / "one.npy", np.zeros(3))
    for content in (
        b"",
        b"not an archive",
        whole[: len(whole) // 2],
        (tmp_path / "objects.npz").read_bytes(),
        (tmp_path / "one.npy").read_bytes(),
    ):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(DataError, match="is not an npz file of plain arrays") as caught:
            load_encoder_weights(small, tmp_path / "bad.npz")
        assert caught.value.path == str(tmp_path / "bad.npz")


def test_no_file(small):
    with pytest.raises(DataError, match="does not exist"):
        load_encoder_weights(small, "folder/ViT-B_16.npz")
