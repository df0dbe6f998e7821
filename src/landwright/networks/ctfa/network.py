"""CTFA: a vision transformer that learns maps from image-level tags, through activation maps of its class heads.

Hu et al., CTFA (repository ZaiyiHu/CTFA); Ru et al., "Token Contrast for Weakly-Supervised Semantic Segmentation",
CVPR 2023, arXiv 2303.01267; Zhang et al., "ATSG: Adaptive Token Linking With Segment Anything Model Guidance for Weakly
Supervised Remote Sensing Image Semantic Segmentation", TGRS 2026, DOI 10.1109/TGRS.2026.3653675.
"""

from __future__ import annotations

import copy
from typing import Literal, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from landwright.errors import UsageError
from landwright.networks.ctfa.blocks import AuxBlock, Encoded, default_block
from landwright.networks.ctfa.encoder import DEFAULT, ENCODER_WORDS, LAYOUTS
from landwright.networks.ctfa.heads import ContrastHead, LargeFOV
from landwright.networks.encoders import EncoderPart
from landwright.networks.layers.pad import pad_to_multiple
from landwright.networks.outputs import Outputs
from landwright.networks.registry import choose, register


class CtfaStep(NamedTuple):
    """All that one training step reads of a batch, of the image as padded to the stride.

    Attributes:
        cls: Logits (B, T) of the tags.
        cls_aux: The same from the auxiliary block.
        seg: Class logits (B, K, h, w) of the decoder, one per token.
        foreground: Class logits (B, K, h, w) of the foreground decoder.
        tokens: Patch tokens (B, D, h, w) after the last norm.
        cls_token: Class tokens (B, D) after the last norm.
        block: Number of the auxiliary block, an integer tensor without axes.
    """

    cls: Tensor
    cls_aux: Tensor
    seg: Tensor
    foreground: Tensor
    tokens: Tensor
    cls_token: Tensor
    block: Tensor


@register(
    "ctfa",
    description="Vision transformer with class heads and two decoders, to learn maps from image-level tags",
    stride=16,
    min_tile=64,
    default_tile=320,
    licence="Apache-2.0 (written from a description; the published repositories carry no licence)",
    paper="CTFA and ATSG, TGRS 2026, DOI 10.1109/TGRS.2026.3653675; ToCo, CVPR 2023, arXiv 2303.01267",
    options={
        "encoder": ENCODER_WORDS,
        "background": "true if class 0 has no tag and is what is left over, as published; false where every class has "
        "one",
        "aux_block": "block (from 0) that the auxiliary class head reads, or dynamic (chosen per batch, ATSG); by "
        "default the third from the end (CTFA)",
    },
    tokens=True,
    tags=True,
    variants={
        ("encoder", "compact"): {
            "description": "CTFA's heads on a small encoder of our own, for CPU and tests",
            "stride": 8,
            "min_tile": 32,
            "default_tile": 128,
        }
    },
)
class Ctfa(nn.Module):
    """One encoder with two class heads, two decoders, and two heads for contrast (a student and its average).

    Args:
        classes: Number K of class logits, at least 2.
        bands: Number of input bands.
        encoder: ``deit_tiny``, ``deit_small``, ``deit_base`` or ``compact``.
        background: Whether class 0 has no tag.
        aux_block: Block that the auxiliary class head reads, or ``dynamic``; by default the third from the end.

    Attributes:
        background: Whether class 0 has no tag.
        aux_block: Block that the auxiliary class head reads, or ``dynamic``.

    Raises:
        UsageError: An option has no such value, or there is a single class.
    """

    def __init__(
        self,
        classes: int,
        bands: int = 3,
        *,
        encoder: str = DEFAULT,
        background: bool = True,
        aux_block: int | Literal["dynamic"] | None = None,
    ) -> None:
        """Build the network with random weights; the teacher's head is a copy of the student's."""
        super().__init__()
        layout = self.layout = LAYOUTS[choose("encoder", encoder, LAYOUTS)]
        if classes < 2:
            raise UsageError("ctfa needs at least 2 classes", remedy="Give a class for what is left over, too")
        if not isinstance(background, bool):
            raise UsageError(f"background must be true or false, not {background!r}")
        self.background = background
        self.encoder = layout.build(bands)
        self.aux_block = _aux_block(aux_block, len(cast(nn.Sequential, self.encoder.blocks)))
        self.classifier = nn.Conv2d(layout.dim, classes - background, 1, bias=False)
        self.aux_classifier = nn.Conv2d(layout.dim, classes - background, 1, bias=False)
        self.decoder = LargeFOV(layout.dim, layout.decoder, layout.dilation, classes)
        self.foreground_decoder = LargeFOV(layout.dim, layout.decoder, layout.dilation, classes)
        self.proj_head = ContrastHead(layout.dim, layout.hidden, layout.bottleneck)
        self.proj_head_t = copy.deepcopy(self.proj_head).requires_grad_(False)

    @property
    def tagged(self) -> int:
        """Number T of classes that have a tag."""
        return self.classifier.out_channels

    def forward(self, image: Tensor) -> Outputs:
        """Map normalised images.

        Args:
            image: Float32 (B, bands, H, W), any H and W.

        Returns:
            ``classes`` are the decoder's logits and ``foreground`` those of the foreground decoder, both enlarged
            bilinearly; ``tokens``; ``tags`` are the logits of both class heads.
        """
        step = self.step(image)
        return Outputs(
            classes=self._enlarge(step.seg, image),
            foreground=self._enlarge(step.foreground, image),
            tokens=step.tokens,
            tags=(step.cls, step.cls_aux),
        )

    def encode(self, image: Tensor) -> Tensor:
        """Return the tokens (B, D, h, w) of normalised images (B, bands, H, W), without running the heads."""
        return self._encoded(image).tokens

    def cls_tokens(self, image: Tensor) -> Tensor:
        """Return the class tokens (B, D) of normalised images (B, bands, H, W)."""
        return self._encoded(image).cls_token

    def step(self, image: Tensor) -> CtfaStep:
        """Run the encoder and all heads but those for contrast once.

        Args:
            image: Normalised float32 (B, bands, H, W), any H and W.

        Returns:
            What the losses of a training step read.
        """
        encoded = self._encoded(image)
        return CtfaStep(
            cls=self._tags(self.classifier, encoded.tokens),
            cls_aux=self._tags(self.aux_classifier, encoded.auxiliary),
            seg=self.decoder(encoded.tokens),
            foreground=self.foreground_decoder(encoded.tokens),
            tokens=encoded.tokens,
            cls_token=encoded.cls_token,
            block=encoded.block,
        )

    @torch.no_grad()
    def cams(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the class activation maps of either class head, for one scale.

        Args:
            image: Normalised float32 (B, bands, H, W), any H and W.

        Returns:
            Two maps (B, T, h, w), the second from the auxiliary block: the class heads at every token, without a
            gradient, of any sign, of the image as padded to the stride.
        """
        encoded = self._encoded(image)
        return self.classifier(encoded.tokens), self.aux_classifier(encoded.auxiliary)

    def project(self, cls_tokens: Tensor) -> Tensor:
        """Map class tokens (N, D) to the student's vectors (N, 1024), cosines in -1..1."""
        return cast(Tensor, self.proj_head(cls_tokens))

    @torch.no_grad()
    def teach(self, cls_tokens: Tensor) -> Tensor:
        """Map class tokens (N, D) to the teacher's vectors (N, 1024), without a gradient.

        Student and teacher share the encoder, so class tokens that the student has read serve here too.
        """
        return cast(Tensor, self.proj_head_t(cls_tokens))

    @torch.no_grad()
    def update_teacher(self, momentum: float = 0.9) -> None:
        """Move the teacher's head towards the student's; the published code does so before the teacher speaks.

        Args:
            momentum: Share of the teacher's weights that stays, 0..1.
        """
        average = get_ema_multi_avg_fn(momentum)  # type: ignore[no-untyped-call]
        average(list(self.proj_head_t.parameters()), list(self.proj_head.parameters()), None)

    def encoder_parts(self) -> tuple[EncoderPart, ...]:
        """Return the encoder with where its weights are published; nothing for ``compact``, which has none."""
        return self.layout.parts(self.encoder)

    def _encoded(self, image: Tensor) -> Encoded:
        return cast(Encoded, self.encoder(pad_to_multiple(image, self.layout.stride), self.aux_block))

    def _tags(self, classifier: nn.Module, tokens: Tensor) -> Tensor:
        """Return the logits (B, T) of one value per channel."""
        pool = torch.amax if self.layout.pooling == "max" else torch.mean
        logits: Tensor = classifier(pool(tokens, dim=(2, 3), keepdim=True))
        return logits.flatten(1)

    def _enlarge(self, logits: Tensor, image: Tensor) -> Tensor:
        """Bring logits of a padded image to its size, and leave out what was padded."""
        height, width = image.shape[-2:]
        rows, columns = (side * self.layout.stride for side in logits.shape[-2:])
        return F.interpolate(logits, size=(rows, columns), mode="bilinear")[..., :height, :width]


def _aux_block(block: int | str | None, depth: int) -> AuxBlock:
    if block is None:
        return default_block(depth)
    if block == "dynamic":
        return "dynamic"
    if isinstance(block, bool) or not isinstance(block, int) or not 0 <= block < depth:
        raise UsageError(f"aux_block must be dynamic or a block from 0 to {depth - 1}, not {block!r}")
    return block
