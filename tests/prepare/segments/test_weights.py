from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from landwright.errors import DataError, UsageError
from landwright.networks.sam import mobile_sam
from landwright.prepare.segments import weights
from landwright.prepare.segments.weights import find_device, find_sam, load_sam
from landwright.tensors import StateMismatchError

transformers = pytest.importorskip("transformers", reason="the extra `sam` is not installed")

SIDE = 32
PARTS = {
    "prompt_encoder_config": {"hidden_size": 16, "image_size": SIDE},
    "mask_decoder_config": {"hidden_size": 16, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
}
TINY = {
    "vision_config": {
        "hidden_size": 8,
        "output_channels": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": SIDE,
        "num_pos_feats": 8,
    },
    **PARTS,
}
TINY2 = {
    "vision_config": {
        "model_type": "sam2_vision_model",
        "backbone_config": {
            "model_type": "sam2_hiera_det_model",
            "hidden_size": 8,
            "image_size": [SIDE, SIDE],
            "blocks_per_stage": [1, 1, 1, 1],
            "embed_dim_per_stage": [8, 16, 32, 64],
            "num_attention_heads_per_stage": [1, 1, 1, 1],
            "window_size_per_stage": [4, 4, 4, 4],
            "global_attention_blocks": [],
            "window_positional_embedding_background_size": [2, 2],
        },
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2],
        "fpn_hidden_size": 16,
    },
    **PARTS,
}
UNDO = (
    (r"^vision_encoder\.neck\.conv1", "image_encoder.neck.0"),
    (r"^vision_encoder\.neck\.layer_norm1", "image_encoder.neck.1"),
    (r"^vision_encoder\.neck\.conv2", "image_encoder.neck.2"),
    (r"^vision_encoder\.neck\.layer_norm2", "image_encoder.neck.3"),
    (r"^vision_encoder\.backbone\.patch_embed\.conv1", "image_encoder.patch_embed.seq.0"),
    (r"^vision_encoder\.backbone\.patch_embed\.conv2", "image_encoder.patch_embed.seq.2"),
    (r"^vision_encoder\.backbone\.stages\.1\.downsample", "image_encoder.layers.0.downsample"),
    (r"^vision_encoder\.backbone\.stages\.2\.downsample", "image_encoder.layers.1.downsample"),
    (r"^vision_encoder\.backbone\.stages\.3\.downsample", "image_encoder.layers.2.downsample"),
    (r"^vision_encoder\.backbone\.stages", "image_encoder.layers"),
    (r"\.conv\.weight$", ".c.weight"),
    (r"\.point_embed\.", ".point_embeddings."),
    (r"\.mask_embed\.conv1", ".mask_downscaling.0"),
    (r"\.mask_embed\.layer_norm1", ".mask_downscaling.1"),
    (r"\.mask_embed\.conv2", ".mask_downscaling.3"),
    (r"\.mask_embed\.layer_norm2", ".mask_downscaling.4"),
    (r"\.mask_embed\.conv3", ".mask_downscaling.6"),
    (r"\.layer_norm(_final_attn|\d)\.", r".norm\1."),
    (r"\.upscale_conv1", ".output_upscaling.0"),
    (r"\.upscale_layer_norm", ".output_upscaling.1"),
    (r"\.upscale_conv2", ".output_upscaling.3"),
    (r"(mlps\.\d|iou_prediction_head)\.layers\.0", r"\1.layers.1"),
    (r"(mlps\.\d|iou_prediction_head)\.proj_in", r"\1.layers.0"),
    (r"(mlps\.\d|iou_prediction_head)\.proj_out", r"\1.layers.2"),
)


def published(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The state of a MobileSAM by the names of its checkpoint."""
    state = {"image_encoder.norm_head.weight": torch.ones(320), "image_encoder.head.bias": torch.zeros(1000)}
    for own, tensor in model.state_dict().items():
        name = own
        for pattern, replacement in UNDO:
            name = re.sub(pattern, replacement, name)
        if "positional_embedding" in name:
            name = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
        state[name] = tensor
    return state


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, torch.nn.Module]]:
    torch.manual_seed(3)
    model = mobile_sam()
    path = tmp_path_factory.mktemp("mobile") / "mobile_sam.pt"
    torch.save(published(model), path)
    yield path, model
    path.unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    transformers.SamModel(transformers.SamConfig(**TINY)).save_pretrained(tmp_path / "sam")
    return tmp_path / "sam"


@pytest.mark.slow
def test_mobile_sam(checkpoint: tuple[Path, torch.nn.Module]) -> None:
    path, model = checkpoint
    found = find_sam(str(path))
    assert (found.kind, found.path, len(found.digest)) == ("mobile-sam", path, 16)
    loaded = load_sam(found)
    assert not loaded.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name]), name


def test_checkpoints_that_are_not_mobile_sams(checkpoint: tuple[Path, torch.nn.Module], tmp_path: Path) -> None:
    path = tmp_path / "other.pt"
    torch.save(
        {"image_encoder.patch_embed.proj.weight": torch.zeros(1), "image_encoder.pos_embed": torch.zeros(1)}, path
    )
    with pytest.raises(
        DataError, match=r"other\.pt: is a checkpoint, but not MobileSAM's: it holds image_encoder\.patch"
    ):
        load_sam(find_sam(str(path)))
    state = published(checkpoint[1])
    del state["mask_decoder.iou_token.weight"]
    state["mask_decoder.hf_token.weight"] = torch.zeros(1, 256)  # HQ-SAM's
    torch.save(state, path)
    with pytest.raises(StateMismatchError, match=r"(?s)iou_token\.weight.*mask_decoder\.hf_token\.weight"):
        load_sam(find_sam(str(path)))
    state = published(checkpoint[1])
    state["image_encoder.neck.1.bias"] = torch.full((256,), torch.nan)
    torch.save(state, path)
    with pytest.raises(DataError, match=r"image_encoder\.neck\.1\.bias holds values that are not finite"):
        load_sam(find_sam(str(path)))
    path.unlink()


def test_a_folder_of_sam(folder: Path) -> None:
    found = find_sam(str(folder))
    assert (found.kind, found.identity) == ("sam", f"sam {found.digest}")
    model = load_sam(found)
    assert type(model).__name__ == "SamModel" and not model.training
    other = find_sam(str(folder))
    assert other.digest == found.digest
    (folder / "config.json").write_text((folder / "config.json").read_text() + " ")
    assert find_sam(str(folder)).digest != found.digest


def test_sam_2_and_what_is_for_video(tmp_path: Path) -> None:
    transformers.Sam2Model(transformers.Sam2Config(**TINY2)).save_pretrained(tmp_path / "sam2")
    found = find_sam(str(tmp_path / "sam2"))
    assert (found.kind, type(load_sam(found)).__name__) == ("sam2", "Sam2Model")
    config = transformers.Sam2VideoConfig(
        **TINY2,
        image_size=SIDE,
        memory_attention_hidden_size=16,
        memory_attention_num_layers=1,
        memory_attention_num_attention_heads=1,
        memory_attention_feed_forward_hidden_size=16,
        memory_attention_rope_feat_sizes=[2, 2],
        memory_encoder_hidden_size=16,
        memory_encoder_output_channels=8,
        memory_fuser_embed_dim=16,
        memory_fuser_intermediate_dim=16,
        mask_downsampler_embed_dim=16,
    )
    transformers.Sam2VideoModel(config).save_pretrained(tmp_path / "video")
    found = find_sam(str(tmp_path / "video"))
    assert (found.kind, type(load_sam(found)).__name__) == ("sam2_video", "Sam2Model")


def test_folders_that_hold_something_else(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    weights_file = folder / "model.safetensors"
    (folder / "config.json").write_text(json.dumps({**config, "mask_decoder_config": {"hidden_size": 16}}))
    with pytest.raises(DataError, match=r"the weights do not fit config\.json: .* of another shape|missing"):
        load_sam(find_sam(str(folder)))
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "sam_hq"}))
    with pytest.raises(DataError, match=r"type 'sam_hq', not a SAM or SAM 2.*facebook/sam-vit-huge"):
        find_sam(str(folder))
    (folder / "config.json").write_text(json.dumps(config))
    content = weights_file.read_bytes()
    weights_file.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="SAM cannot be read from here"):
        load_sam(find_sam(str(folder)))
    weights_file.unlink()
    with pytest.raises(DataError, match="has no safetensors file"):
        find_sam(str(folder))
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(DataError, match=r"has no config\.json"):
        find_sam(str(folder))


def test_places_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    with pytest.raises(DataError, match="there is no such file"):
        find_sam("gone/mobile_sam.pt")
    with pytest.raises(DataError, match="there is no such folder"):
        find_sam("no/such/folder")

    def fails(error: Exception) -> Callable[..., str]:
        def snapshot(*_: object, local_files_only: bool = False, **__: object) -> str:
            raise LocalEntryNotFoundError("x") if local_files_only else error

        return snapshot

    denied = HfHubHTTPError.__new__(HfHubHTTPError)
    Exception.__init__(denied, "403 gated\nmore")
    for error, says in (
        (HFValidationError("x"), "there is no such folder"),
        (LocalEntryNotFoundError("x"), "is not in the hub's cache, and the hub cannot be reached"),
        (denied, "the hub did not give facebook/sam-vit-huge"),
        (OSError("disk"), "could not be downloaded: disk"),
    ):
        monkeypatch.setattr(huggingface_hub, "snapshot_download", fails(error))
        with pytest.raises(DataError, match=says) as caught:
            find_sam(weights.DEFAULT)
        assert "felzenszwalb" in str(caught.value.remedy)


def test_devices() -> None:
    assert find_device("cpu") == torch.device("cpu")
    assert find_device("auto").type in ("cpu", "cuda")
    with pytest.raises(UsageError, match="no device 'gpu'"):
        find_device("gpu")
    with pytest.raises(UsageError, match="'cuda:99' is not here"):
        find_device("cuda:99")
