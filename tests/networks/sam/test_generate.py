from __future__ import annotations

import builtins
import sys

import pytest
import torch
from torch import nn

from landwright.errors import UsageError
from landwright.networks.sam import MaskGenerator, MaskSettings, generate

transformers = pytest.importorskip("transformers", reason="the extra `sam` is not installed")

# Random weights estimate their masks badly and unsurely: nearly everything counts.
OPEN = MaskSettings(points_per_side=4, pred_iou=0.1, stability=0.3, nms=1.0)


def image(height: int = 64, width: int = 64) -> torch.Tensor:
    return torch.randint(0, 255, (3, height, width), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


@pytest.mark.parametrize("kind", ["sam", "sam2"])
@pytest.mark.parametrize("size", [(64, 64), (100, 100)])
def test_masks_are_those_of_transformers_own_pipeline(
    kind: str, size: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    from PIL import Image

    model: nn.Module = request.getfixturevalue(kind)
    generator = MaskGenerator(model, OPEN)
    found = generator(image(*size))
    pipeline = transformers.pipeline("mask-generation", model=model, image_processor=generator._processor, device="cpu")
    expected = pipeline(
        Image.fromarray(image(*size).permute(1, 2, 0).numpy()),
        points_per_crop=OPEN.points_per_side,
        pred_iou_thresh=OPEN.pred_iou,
        stability_score_thresh=OPEN.stability,
        crops_nms_thresh=OPEN.nms,
    )["masks"]
    assert len(found) == len(expected) > 1
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.equal(ours, torch.as_tensor(theirs).bool())


@pytest.mark.parametrize("kind", ["sam", "sam2"])
@pytest.mark.parametrize("size", [(20, 90), (90, 20), (64, 64)])
def test_any_shape_of_image(kind: str, size: tuple[int, int], request: pytest.FixtureRequest) -> None:
    found = MaskGenerator(request.getfixturevalue(kind), OPEN)(image(*size))
    assert found.shape == (len(found), *size) and len(found) > 0
    assert all(mask.dtype == torch.bool and mask.shape == size and mask.any() for mask in found)


def test_points_lie_evenly_in_the_image(sam: nn.Module, sam2: nn.Module) -> None:
    points = MaskGenerator(sam, MaskSettings(points_per_side=2))._points((32, 64))
    assert points.tolist() == [[16, 8], [48, 8], [16, 24], [48, 24]]


def test_parts_give_the_same_as_the_whole(sam: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = torch.stack(list(MaskGenerator(sam, OPEN)(image())))
    monkeypatch.setattr(generate, "_PROMPTS", {"cpu": 3})
    monkeypatch.setattr(generate, "_PIXELS", 1)
    assert torch.equal(whole, torch.stack(list(MaskGenerator(sam, OPEN)(image()))))


def test_settings_leave_masks_out(sam: nn.Module) -> None:
    everything = len(MaskGenerator(sam, MaskSettings(4, pred_iou=0.0, stability=0.0, nms=1.0))(image()))
    for stricter in (
        MaskSettings(4, pred_iou=1.0, stability=0.0, nms=1.0),
        MaskSettings(4, pred_iou=0.0, stability=0.8, nms=1.0),
        MaskSettings(4, pred_iou=0.0, stability=0.0, nms=0.5),
        MaskSettings(2, pred_iou=0.0, stability=0.0, nms=1.0),
    ):
        assert 0 < len(MaskGenerator(sam, stricter)(image())) < everything
    none = MaskGenerator(sam, MaskSettings(4, stability=1.0))(image())
    assert none.shape == (0, 64, 64)


def test_without_transformers(sam: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def missing(name: str, *arguments: object, **options: object) -> object:
        if name == "transformers":
            raise ImportError(name)
        return original(name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "transformers")
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError, match=r"needs transformers.*landwright\[sam\]"):
        MaskGenerator(sam, OPEN)
