from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from landwright.errors import DataError, UsageError
from landwright.prepare.segments import SegmentFolder, complete_params, make_segments, read_params, sam
from landwright.prepare.segments.sam import SamSegmenter

transformers = pytest.importorskip("transformers", reason="the extra `sam` is not installed")

CONFIG = {
    "vision_config": {
        "hidden_size": 16,
        "output_channels": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 64,
        "window_size": 2,
        "global_attn_indexes": [],
        "num_pos_feats": 16,
        "initializer_range": 0.5,
    },
    "prompt_encoder_config": {"hidden_size": 32, "image_size": 64},
    "mask_decoder_config": {"hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 32},
    "initializer_range": 0.5,
}
OPEN = {"points_per_side": 3, "pred_iou": 0.1, "stability": 0.3, "nms": 0.9}


@pytest.fixture
def weights(tmp_path: Path) -> str:
    torch.manual_seed(0)
    transformers.SamModel(transformers.SamConfig(**CONFIG)).save_pretrained(tmp_path / "sam")
    return str(tmp_path / "sam")


def test_maps_by_sam(weights: str, write: Callable[..., Path], tmp_path: Path) -> None:
    image, grey = write("a.png"), write("grey.tif", np.full((1, 40, 50), 90, np.uint8))
    result = make_segments([image, grey], tmp_path / "out", "sam", {"weights": weights, **OPEN})
    assert result.objects >= 1 and result.boundary > 0
    assert result.params["weights"].startswith("sam ") and weights not in str(result.params)
    folder = SegmentFolder(tmp_path / "out")
    objects, boundary = folder.read(image)
    assert objects.shape == (60, 80) and objects.max() >= 1 and not objects[boundary].any()
    assert folder.params == complete_params("sam", {"weights": weights, **OPEN})
    # Named again, nothing is loaded; other weights are other segments.
    assert make_segments([image, grey], tmp_path / "out", "sam", {"weights": weights, **OPEN}).kept == 2
    (Path(weights) / "config.json").write_text((Path(weights) / "config.json").read_text() + "\n")
    with pytest.raises(DataError, match=r"other settings: weights sam [0-9a-f]{16} there, sam [0-9a-f]{16} now"):
        make_segments([image], tmp_path / "out", "sam", {"weights": weights, **OPEN})


def test_sam_takes_one_image_at_a_time(weights: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sam cannot take 2 images at a time"):
        make_segments([], tmp_path / "out", "sam", {"weights": weights}, jobs=2)


def test_points_by_device(weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert complete_params("sam", {"weights": weights}, device="cpu")["points_per_side"] == 8
    monkeypatch.setattr(sam, "find_device", lambda _: torch.device("cuda"))
    assert complete_params("sam", {"weights": weights})["points_per_side"] == 32
    assert complete_params("sam", {"weights": weights, "points_per_side": 5})["points_per_side"] == 5


def test_what_has_no_data_is_no_object() -> None:
    masks = torch.ones(1, 30, 40, dtype=torch.bool)
    seen = []

    def generate(image: torch.Tensor) -> torch.Tensor:
        seen.append((image.shape, image.dtype))
        return masks

    valid = np.ones((30, 40), bool)
    valid[:, :10] = False
    segmenter = SamSegmenter(generate, read_params("sam"))  # type: ignore[arg-type]
    objects, _ = segmenter(np.zeros((30, 40, 1), np.uint8), valid)
    assert seen == [((3, 30, 40), torch.uint8)]
    assert not objects[:, :10].any() and (objects[:, 15:35] == 1).all()
