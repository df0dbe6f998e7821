"""Masks of everything in an image: SAM asked for a grid of points, as its authors' automatic generator does.

Kirillov et al., "Segment Anything", ICCV 2023, arXiv 2304.02643, appendix B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from landwright.networks.sam.library import sam_library
from landwright.networks.sam.runs import Runs

# Prompts at a time: a CPU is fastest while what it works on stays near it, a GPU while it is full.
_PROMPTS: Final = {"cpu": 4}
_PROMPTS_ELSEWHERE: Final = 64
# Pixels of masks that are brought to full size at a time.
_PIXELS: Final = 2**26


@dataclass(frozen=True)
class MaskSettings:
    """Which masks count.

    Attributes:
        points_per_side: Points of the grid, along each side of the image.
        pred_iou: Quality, as the model itself estimates it, above which a mask counts, 0..1.
        stability: IoU of the masks at ``-offset`` and ``offset`` above which a mask counts, 0..1.
        offset: See there; in logits.
        nms: Of masks whose boxes have a larger IoU, the best one counts, 0..1.
    """

    points_per_side: int = 32
    pred_iou: float = 0.96
    stability: float = 0.95
    offset: float = 1.0
    nms: float = 0.5


class MaskGenerator:
    """Finds the masks of everything in an image.

    The image is encoded once; of the three masks of a point, those with a poor estimate go before any is brought to
    full size.

    Args:
        model: Transformers' ``SamModel``, ``Sam2Model``, or what `mobile_sam` builds.
        settings: Which masks count.

    Raises:
        UsageError: If transformers is not installed.
    """

    def __init__(self, model: nn.Module, settings: MaskSettings) -> None:
        """Build the image processor of the model's kind and side."""
        library = sam_library()
        self.model: Any = model.eval()
        self.settings = settings
        config: Any = model.config
        side = int(config.prompt_encoder_config.image_size)
        self._square = config.model_type != "sam"
        self._processor: Any = (
            library.Sam2ImageProcessor(size={"height": side, "width": side})
            if self._square
            else library.SamImageProcessor(size={"longest_edge": side}, pad_size={"height": side, "width": side})
        )
        self._side = side

    @torch.inference_mode()
    def __call__(self, image: Tensor) -> Runs:
        """Find masks.

        Args:
            image: (3, H, W) uint8, on any device.

        Returns:
            The masks, which may overlap; the best first. They are kept as run lengths.
        """
        from torchvision.ops import nms  # the image processor needs torchvision, too

        device = next(self.model.parameters()).device
        inputs = self._processor(images=image.cpu(), return_tensors="pt")
        height, width = image.shape[-2:]
        # SAM keeps the shape of the image and pads it, SAM 2 stretches it.
        inner = (self._side, self._side) if self._square else tuple(map(int, inputs["reshaped_input_sizes"][0]))
        embeddings = self.model.get_image_embeddings(inputs["pixel_values"].to(device))
        points = self._points(inner).to(device)
        runs: list[NDArray[np.int32]] = []
        scores, boxes = [], []
        for some in torch.split(points, _PROMPTS.get(device.type, _PROMPTS_ELSEWHERE)):
            found = self.model(
                image_embeddings=embeddings,
                input_points=some[None, :, None],
                input_labels=torch.ones(1, len(some), 1, dtype=torch.int64, device=device),
            )
            # The model's outputs have one image, points, and three masks each.
            logits, quality = found.pred_masks[0].flatten(0, 1), found.iou_scores[0].flatten()
            good = quality > self.settings.pred_iou
            for part in self._kept(logits[good], quality[good], inner, (height, width)):
                runs += part[0]
                scores.append(part[1])
                boxes.append(part[2])
        best = nms(torch.cat(boxes).float(), torch.cat(scores), self.settings.nms).tolist() if runs else []
        return Runs([runs[place] for place in best], (height, width))

    def _points(self, inner: tuple[int, ...]) -> Tensor:
        """Points (n, 2) as x and y in the model's input, row by row."""
        number = self.settings.points_per_side
        places = (torch.arange(number) + 0.5) / number
        y, x = torch.meshgrid(places * inner[0], places * inner[1], indexing="ij")
        return torch.stack([x, y], dim=-1).flatten(0, 1)

    def _kept(
        self, logits: Tensor, quality: Tensor, inner: tuple[int, ...], size: tuple[int, int]
    ) -> list[tuple[list[NDArray[np.int32]], Tensor, Tensor]]:
        """Bring masks (n, h, w) to full size and keep the stable ones: run lengths, scores and boxes."""
        height, width = size
        step = max(1, _PIXELS // max(height * width, self._side**2))
        kept = []
        for start in range(0, len(logits), step):
            part = logits[start : start + step, None].float()
            full = self._processor.post_process_masks(
                [part], original_sizes=[[height, width]], reshaped_input_sizes=[list(inner)], binarize=False
            )[0]
            masks, scores, boxes = self._processor.filter_masks(
                full,
                quality[start : start + step, None],
                size,
                torch.tensor([0, 0, width, height]),
                pred_iou_thresh=self.settings.pred_iou,
                stability_score_thresh=self.settings.stability,
                stability_score_offset=self.settings.offset,
            )
            if masks:
                runs = [np.array(mask["counts"], np.int32) for mask in masks]
                kept.append((runs, scores.cpu(), boxes.cpu()))
        return kept
