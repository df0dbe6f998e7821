"""A dual encoder read patch by patch: how alike every pixel and every word are, without training.

Li et al., "SegEarth-OV: Towards Training-Free Open-Vocabulary Segmentation for Remote Sensing Images", CVPR 2025, arXiv
2410.01768; Li et al., "FarSLIP: Discovering Effective CLIP Adaptation for Fine-Grained Remote Sensing Understanding",
2025, arXiv 2511.14901, with its evaluation RS-OVSS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from landwright.errors import UsageError
from landwright.networks.clip.attention import PURE, attend
from landwright.networks.clip.cosines import cosines, enlarged_cosines
from landwright.networks.clip.encoder import DenseEncoder
from landwright.networks.clip.families import build_encoder
from landwright.networks.clip.gem import gem_tokens
from landwright.networks.clip.guide import Guide
from landwright.networks.clip.jbu import make_upsampler
from landwright.networks.clip.proxy import attend_by_proxy
from landwright.networks.clip.rule import SCALE, QueryRule, query_rule
from landwright.networks.encoders import EncoderPart
from landwright.networks.outputs import Outputs
from landwright.networks.registry import choose, register

ATTENTIONS = (*PURE, "gem", "proxy")
WINDOWS = ("as-is", "native")


class ClipNetwork(nn.Module):
    """Cosines of patches and queries, and the classes that they give.

    Args:
        encoder: Both towers.
        rule: How queries become classes.
        bands: Number of input bands.
        attention: What replaces the last block's attention.
        residual: Keep the last block's residual path and perceptron.
        sigma: Width of the neighbourhood of some attentions, in patches.
        bias: Factor of the class token's cosine, which is added at every pixel.
        upsampler: How features reach pixels.
        window: ``as-is``, or ``native`` as RS-OVSS does it; the ratio of the sides is not kept.
        zoom: Factor by which windows are enlarged, > 0.
        guide: timm's name of the encoder whose features say which patches belong together (attention ``proxy``).

    Attributes:
        queries: Text features (Q, D), rows of length 1; random at first, see :meth:`set_queries`.

    Raises:
        UsageError: An option has no such value, or options do not fit together.
    """

    queries: Tensor

    def __init__(
        self,
        encoder: DenseEncoder,
        rule: QueryRule,
        bands: int = 3,
        *,
        attention: str = "segearth",
        residual: bool = False,
        sigma: float = 1.0,
        bias: float = 0.0,
        upsampler: str = "none",
        window: str = "as-is",
        zoom: float = 1.0,
        guide: str | None = None,
    ) -> None:
        """Put the parts together, with random queries."""
        super().__init__()
        for label, value in (("sigma", sigma), ("zoom", zoom)):
            if not value > 0:  # also not a number
                raise UsageError(f"{label} must be above 0, not {value}", remedy=f"Take {label}=1, the default")
        self.encoder, self.rule = encoder, rule
        self.attention = choose("attention", attention, ATTENTIONS)
        self.residual, self.sigma, self.bias = residual, sigma, bias
        self.window, self.zoom = choose("window", window, WINDOWS), zoom
        self.enlarges_features = upsampler == "bilinear"
        self.upsampler = make_upsampler(upsampler, encoder.embed_dim)
        encoder.antialias = attention == "gem"
        if attention == "proxy" and guide is None:
            raise UsageError(
                "attention 'proxy' and option guide go together, and there is no guide",
                remedy="Give guide=NAME too, timm's name of a DINO (for maps: landwright models import FILE --as NAME "
                "--set attention=proxy --set guide=NAME), or take another attention",
            )
        if guide is not None and attention != "proxy":
            raise UsageError(
                f"attention 'proxy' and option guide go together, but the attention is {attention!r}",
                remedy="Leave guide out, or take attention=proxy",
            )
        self.guide = None if guide is None else Guide(guide, encoder.mean, encoder.std)
        for part, found in (("upsampler", self.upsampler), ("guide", self.guide)):
            if found is not None and bands != 3:
                raise UsageError(f"the {part} reads 3 bands, not {bands}", remedy="Take 3 bands")
        self.register_buffer("queries", F.normalize(torch.randn(rule.queries, encoder.embed_dim), dim=1))

    def set_queries(
        self,
        features: Tensor,
        synonyms: Sequence[int],
        *,
        thresholds: Sequence[float] = (),
        background: int | None = None,
    ) -> None:
        """Look for other words from now on.

        Args:
            features: Text features (Q, D) of all classes' queries in order; they are brought to length 1.
            synonyms: Number of queries of every class.
            thresholds: Smallest share of every class; none where empty.
            background: Class of pixels below it.

        Raises:
            UsageError: The numbers do not fit together.
        """
        rule = query_rule(len(synonyms), synonyms, scale=self.rule.scale, thresholds=thresholds, background=background)
        _check_competition(rule.classes)
        if features.shape != (rule.queries, self.encoder.embed_dim):
            wanted = (rule.queries, self.encoder.embed_dim)
            raise UsageError(f"features of queries have shape {tuple(features.shape)}, but {wanted} is needed")
        found = F.normalize(features.detach().to(self.queries), dim=1)
        if not found.isfinite().all() or not found.any(dim=1).all():
            raise UsageError("features of queries are not finite, or have no direction", remedy="Compute them again")
        self.rule, self.queries = rule, found

    def encode_text(self, ids: Tensor) -> Tensor:
        """Return text features (N, D), not of unit length, of token ids (N, L)."""
        return self.encoder.encode_text(ids)

    def dense(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Map images into the space shared with texts, patch by patch.

        Args:
            image: Normalised (B, bands, H, W); H and W are multiples of the encoder's patch.

        Returns:
            What the customised last layer gives for the class token (B, D) - where the encoder has none, the mean over
            patches - and for patches (B, D, H / patch, W / patch); neither has unit length.
        """
        patch = self.encoder.patch
        grid = (image.shape[-2] // patch, image.shape[-1] // patch)
        if self.attention == "gem":
            tokens = gem_tokens(self.encoder, image, residual=self.residual)
        else:
            alike = None if self.guide is None else self.guide(image, grid)
            tokens = self.last_layer(self.encoder.tokens(image), grid, alike)
        joint = self.encoder.joint(tokens)
        patches = joint[:, self.encoder.prefix :]
        whole = joint[:, 0] if self.encoder.prefix else patches.mean(dim=1)
        return whole, patches.transpose(1, 2).reshape(patches.shape[0], -1, *grid)

    def last_layer(self, tokens: Tensor, grid: tuple[int, int], alike: Tensor | None = None) -> Tensor:
        """Run the customised last block.

        Args:
            tokens: (B, prefix + P, C) that enter it.
            grid: Rows and columns of patches.
            alike: Attention (B, P, P) that a guide lends, or None.

        Returns:
            (B, prefix + P, C), for the encoder's ``joint``.
        """
        encoder = self.encoder
        query, key, value = encoder.qkv(encoder.normed(tokens))
        if alike is None:
            mixed = attend(self.attention, query, key, value, grid, encoder.prefix, sigma=self.sigma)
        else:
            mixed = attend_by_proxy(alike, value, encoder.prefix)
        attended = encoder.project(mixed)
        return encoder.finish(tokens, attended) if self.residual else attended

    def similarities(self, image: Tensor) -> Tensor:
        """Compare every pixel with every query.

        The window is padded with zeros to whole patches, half on either side, encoded, and cropped back.

        Args:
            image: Normalised (B, bands, H, W), any H and W.

        Returns:
            Float32 cosines (B, Q, H, W) in -1..1, plus ``bias`` times that of the class token.
        """
        size = (image.shape[-2], image.shape[-1])
        if self.zoom != 1:
            zoomed = tuple(max(round(side * self.zoom), 1) for side in size)
            image = F.interpolate(image, zoomed, mode="bilinear", antialias=self.zoom < 1)
        height, width = image.shape[-2:]
        below, right = -height % self.encoder.patch, -width % self.encoder.patch
        top, left = below // 2, right // 2
        image = F.pad(image, (left, right - left, top, below - top))
        padded = (image.shape[-2], image.shape[-1])
        native = (self.encoder.native, self.encoder.native)
        if self.window == "native" and padded != native:
            image = F.interpolate(image, native, mode="bilinear")
        maps = F.interpolate(self._cosines(image), padded, mode="bilinear")
        maps = maps[..., top : top + height, left : left + width]
        return maps if self.zoom == 1 else F.interpolate(maps, size, mode="bilinear")

    def forward(self, image: Tensor) -> Outputs:
        """Map normalised images (B, bands, H, W) of any size.

        Returns:
            ``queries``: similarities (B, Q, H, W); ``classes``: logarithm of the shares (B, K, H, W).
        """
        found = self.similarities(image)
        return Outputs(classes=self.rule.log_probabilities(found, 1), queries=found)

    def encoder_parts(self) -> tuple[EncoderPart, ...]:
        """Return the guide with where its weights are published; the towers' own come in as a whole model."""
        return () if self.guide is None else (self.guide.part(),)

    def _cosines(self, image: Tensor) -> Tensor:
        """Return cosines (B, Q, h, w) of a window of whole patches, on the finest grid that has news."""
        whole, patches = self.dense(image)
        # Half precision would lose what tells words apart: their cosines differ by hundredths.
        with torch.autocast(image.device.type, enabled=False):
            whole, patches, queries = whole.float(), patches.float(), self.queries.float()
            if self.upsampler is not None:
                found = self.upsampler.similarities(patches, image, queries)
            elif self.enlarges_features:
                found = enlarged_cosines(patches, queries, (image.shape[-2], image.shape[-1]))
            else:
                found = cosines(patches, queries)
            return found + self.bias * cosines(whole, queries)[..., None, None] if self.bias else found


def _sizes(patch: int, native: int) -> dict[str, int]:
    return {"stride": patch, "min_tile": 2 * patch, "default_tile": native}


@register(
    "clip",
    description="A dual encoder of images and texts whose last layer is read patch by patch: maps from words",
    **_sizes(16, 224),
    normalization="clip",
    licence="Apache-2.0 (written from a description; open_clip is MIT); weights have licences of their own",
    paper="Li et al., SegEarth-OV, CVPR 2025, arXiv 2410.01768; Radford et al., CLIP, ICML 2021, arXiv 2103.00020",
    options={
        "architecture": "open_clip's name of a plain vision transformer, such as ViT-B-16 (default), or compact, a "
        "small one of our own; other families have names of their own",
        "family": "openclip (default), siglip, eva, flair or tips",
        "activation": "quick_gelu (default) or gelu, as the weights were trained",
        "context": "number of text tokens: 77 (default), or 248 for LongCLIP",
        "attention": "what replaces the last block's attention: segearth (default), vanilla, maskclip, sclip, "
        "clearclip, naclip, nonly, gav, gem or proxy",
        "residual": "keep the last block's residual path and perceptron: false (default) or true",
        "sigma": "width of the neighbourhood of naclip, nonly and gav in patches, 1 by default",
        "bias": "factor of the whole image's similarity that is added everywhere, 0 by default; SegEarth-OV: -0.3",
        "upsampler": "none (default), bilinear, jbu-one (SimFeatUp) or jbu-stack (FeatUp)",
        "synonyms": "number of queries of every class, one each by default",
        "scale": "factor of similarities before the softmax over queries, 50 by default",
        "thresholds": "smallest share in 0..1 with which every class may win; none by default",
        "background": "index of the class that pixels below the threshold get",
        "window": "as-is (default), or native: windows are resized to the side that the encoder was trained on",
        "zoom": "by how much windows are enlarged before the encoder, 1 by default",
        "guide": "timm's name of a self-supervised encoder, for attention proxy",
    },
    variants={
        ("architecture", "compact"): _sizes(8, 64),
        **{("architecture", f"ViT-{size}-32"): _sizes(32, 224) for size in "SMB"},
        **{("architecture", f"ViT-{size}-14"): _sizes(14, 224) for size in ("B", "L", "H", "g", "bigG")},
        ("architecture", "ViT-L-14-336"): _sizes(14, 336),
        ("family", "siglip"): {"normalization": "half"},
        ("family", "tips"): {"normalization": "none"},
    },
    queries=True,
)
def build(
    classes: int,
    bands: int = 3,
    *,
    architecture: str = "ViT-B-16",
    family: str = "openclip",
    activation: str = "quick_gelu",
    context: int = 77,
    synonyms: Sequence[int] | None = None,
    scale: float = SCALE,
    thresholds: Sequence[float] | None = None,
    background: int | None = None,
    **reading: Any,
) -> ClipNetwork:
    """Build a network of words with random weights and queries.

    Args:
        classes: Number of classes, >= 2: words compete with one another.
        bands: Number of input bands.
        architecture: Name of the towers.
        family: Where the towers come from.
        activation: ``quick_gelu`` or ``gelu``.
        context: Number of text tokens.
        synonyms: Number of queries of every class.
        scale: Factor of similarities before the softmax over queries.
        thresholds: Smallest share of every class, in 0..1.
        background: Class of pixels below it.
        **reading: How the towers are read, see :class:`ClipNetwork`.

    Returns:
        The network.

    Raises:
        UsageError: An option has no such value, or options do not fit together.
    """
    _check_competition(classes)
    if not isinstance(scale, int | float):
        raise UsageError(f"scale must be a number, not {scale!r}", remedy="Leave it out, or take 50")
    rule = query_rule(classes, synonyms, scale=scale, thresholds=thresholds, background=background)
    encoder = build_encoder(family, architecture, activation=activation, context=context, bands=bands)
    return ClipNetwork(encoder, rule, bands, **reading)


def _check_competition(classes: int) -> None:
    if classes < 2:
        raise UsageError("one class alone wins everywhere", remedy="Add a class for the rest, such as background")
