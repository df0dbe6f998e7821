"""What a recipe of the regime ``tags`` comes to: every switch of its section settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from landwright.data.tags import background_of
from landwright.errors import UsageError
from landwright.legends import Legend
from landwright.losses import BoundaryLoss, LinkMode, LinkThreshold, ObjectLoss
from landwright.recipe import Recipe, TagsSpec
from landwright.recipe.tags import Features

Links = LinkMode | Literal["off"]

JOINT = 0.3
"""Published weight of the joint loss."""

CONTRAST = 0.5
"""Published weight of the contrast of class tokens."""

OBJECTS: Mapping[ObjectLoss, float] = {"official": 0.03, "per_object_mean": 0.3}
"""Weight of the object loss by its form; as published, and for the variance of probabilities, which is smaller."""

BOUNDARY: Mapping[BoundaryLoss, float] = {"official": 1.2, "soft": 0.1, "precision": 0.1}
"""Weight of the boundary loss by its form; the published one has no gradient, so that its size does not matter."""

_TERMS = ("affinity", "contrast", "seg", "dense_energy", "joint", "objects", "boundary")
_WARMUP_SHARE = 10
_CROP_SHARE = 0.3
_AUX_BLOCKS: dict[str, Literal["dynamic"] | None] = {"off": None, "official": "dynamic"}


@dataclass(frozen=True)
class TagsPlan:
    """The switches and weights of a run, none of them left open; a part that is off has the weight 0.

    Attributes:
        method: ``toco``, ``ctfa`` or ``atsg``.
        paper: Compute what the published code computes.
        background: Whether class 0 is what no tag names.
        aux_block: Block of the auxiliary classifier, as the network takes it.
        patchlink: How links count.
        link_features: What links compare.
        link_threshold: From which likeness on.
        dino: Architecture of DINO.
        dino_weights: Its weights, or None where links do without it.
        link_head: File of its head, or None.
        object_loss: Form of the object loss.
        boundary_loss: Form of the boundary loss.
        segments: ``none``, a provider or a folder.
        affinity: Weight of the contrast of tokens.
        contrast: Weight of the contrast of class tokens.
        seg: Weight of the cross-entropy with pseudo-labels.
        dense_energy: Weight of the dense-energy loss.
        joint: Weight of the joint loss.
        objects: Weight of the object loss.
        boundary: Weight of the boundary loss.
        seg_after: Steps before pseudo-labels count, see `maps_at`.
        background_score: Background of scored activation maps.
        high: Activation of what is certain.
        low: Activation below which there is nothing.
        cam_scales: Scales of activation maps.
        crops: Local crops per image.
        crop_size: Their side in pixels.
    """

    method: Literal["toco", "ctfa", "atsg"]
    paper: bool
    background: bool
    aux_block: int | Literal["dynamic"] | None
    patchlink: Links
    link_features: Features
    link_threshold: LinkThreshold
    dino: str
    dino_weights: str | None
    link_head: str | None
    object_loss: ObjectLoss
    boundary_loss: BoundaryLoss
    segments: str
    affinity: float
    contrast: float
    seg: float
    dense_energy: float
    joint: float
    objects: float
    boundary: float
    seg_after: int
    background_score: float
    high: float
    low: float
    cam_scales: tuple[float, ...]
    crops: int
    crop_size: int

    @property
    def note(self) -> str:
        """What counts of the plan in one line, for the notes of a run; what is off is left out."""
        told = {
            name: value
            for name, value in asdict(self).items()
            if value is not None and name not in {"method", "paper", "background", *self._unused()}
        }
        settings = ", ".join(f"{name} {value}" for name, value in told.items())
        ground = "with" if self.background else "without"
        computed = "as published" if self.paper else "as mended here"
        return f"tags: {self.method} {computed}, {ground} a background; {settings}"

    def maps_at(self, step: int) -> bool:
        """Whether a step, counted from 0, learns from pseudo-labels; the published comparison leaves out one more."""
        return step > self.seg_after if self.paper else step >= self.seg_after

    def _unused(self) -> set[str]:
        """Return the names of what no term of the loss reads."""
        unused = {name for name in _TERMS if not getattr(self, name)}
        linked = self.affinity > 0 and self.patchlink != "off"
        unused |= set() if linked else {"patchlink", "link_features", "link_threshold", "link_head"}
        unused |= set() if linked and self.dino_weights is not None else {"dino", "dino_weights"}
        unused |= set() if self.contrast else {"crops", "crop_size"}
        unused |= set() if self.objects else {"object_loss"}
        unused |= set() if self.boundary else {"boundary_loss"}
        guided = self.objects > 0 or self.boundary > 0
        unused |= set() if guided and self.segments != "none" else {"segments"}
        late = self.seg or self.dense_energy or self.joint or (guided and not self.paper)
        return unused if late else unused | {"seg_after"}


def resolve(recipe: Recipe, legend: Legend, *, stride: int) -> TagsPlan:
    """Settle every switch of a recipe.

    Args:
        recipe: A recipe of the regime ``tags``.
        legend: Classes of the maps.
        stride: Pixels per token; the sides of crops are multiples of it.

    Raises:
        UsageError: Parts do not go together.
    """
    spec, paper = recipe.tags or TagsSpec(), recipe.loss.paper
    atsg = spec.method == "atsg"
    _check(recipe, spec)
    da = spec.da if spec.da is not None else ("official" if atsg and paper else "off")
    compared = paper or spec.dino_weights is not None or spec.named_features is not None
    links: Links = spec.patchlink or ("union" if atsg and compared else "off")
    affinity = spec.affinity
    features, weights = _link_source(recipe, spec, on=links != "off" and affinity > 0)
    guided = spec.segments != "none"
    objects = spec.object_loss or (("official" if paper else "per_object_mean") if atsg and guided else "off")
    boundary = spec.boundary_loss or (("official" if paper else "precision") if atsg and guided else "off")
    wanted = [name for name, form in (("object_loss", objects), ("boundary_loss", boundary)) if form != "off"]
    if wanted and not guided:
        raise UsageError(
            f"tags.{wanted[0]} {objects if wanted[0] == 'object_loss' else boundary} needs segments of the images",
            remedy="Set tags.segments to felzenszwalb, slic, sam or a folder of `landwright prepare segments`",
        )
    joint = spec.joint if spec.joint is not None else (0.0 if spec.method == "toco" else JOINT)
    background = background_of(legend.names, spec.background) is not None
    contrast = spec.contrast if spec.contrast is not None else (CONTRAST if background or paper else 0.0)
    object_form: ObjectLoss = "per_object_mean" if objects == "off" else objects
    boundary_form: BoundaryLoss = "precision" if boundary == "off" else boundary
    return TagsPlan(
        method=spec.method,
        paper=paper,
        background=background,
        aux_block=_AUX_BLOCKS[da] if isinstance(da, str) else da,
        patchlink=links,
        link_features=features,
        link_threshold=spec.link_threshold
        if spec.link_threshold is not None
        else ("batch_mean" if paper else "image_mean"),
        dino=spec.dino,
        dino_weights=weights,
        link_head=spec.link_head if features == "dino_head" else None,
        object_loss=object_form,
        boundary_loss=boundary_form,
        segments=spec.segments if wanted else "none",
        affinity=affinity,
        contrast=contrast,
        seg=spec.seg,
        dense_energy=spec.dense_energy,
        joint=joint,
        objects=_weight(spec.objects, OBJECTS[object_form], on=objects != "off"),
        boundary=_weight(spec.boundary, BOUNDARY[boundary_form], on=boundary != "off"),
        seg_after=spec.seg_after if spec.seg_after is not None else recipe.optim.steps // _WARMUP_SHARE,
        background_score=spec.background_score,
        high=spec.high,
        low=spec.low,
        cam_scales=spec.cam_scales,
        crops=spec.crops,
        crop_size=spec.crop_size or max(stride, round(_CROP_SHARE * recipe.data.tile / stride) * stride),
    )


def _weight(given: float | None, usual: float, *, on: bool) -> float:
    if not on:
        return 0.0
    return usual if given is None else given


def _link_source(recipe: Recipe, spec: TagsSpec, *, on: bool) -> tuple[Features, str | None]:
    """Return what links compare, and the weights of DINO where that takes any."""
    weights = spec.dino_weights or ("hub" if recipe.loss.paper and spec.link_features is None else None)
    usual: Features = "encoder" if weights is None else "dino_tokens"
    features = spec.named_features or usual
    if not on:
        return features, None
    return features, None if features == "encoder" else weights


def _check(recipe: Recipe, spec: TagsSpec) -> None:
    if recipe.loss.name != "auto":
        raise UsageError(
            f"loss {recipe.loss.name!r} is for masks",
            remedy="Leave loss.name out; the section `tags` says what is made of tags",
        )
    if recipe.augment.colour:
        raise UsageError(
            "the views of the regime tags have their own changes of colour",
            remedy="Leave augment.colour out; tags.colour is their strength",
        )
    if (spec.crop_size or 0) > recipe.data.tile:
        raise UsageError(
            f"tags.crop_size ({spec.crop_size}) is larger than the tile ({recipe.data.tile})",
            remedy="Set it to about 0.3 of data.tile",
        )
