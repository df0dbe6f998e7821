"""The recipe: one flat YAML file that says what to train, with what, and for how long.

A recipe is validated before anything else happens: an unknown key or a wrong type is reported with the line it stands
on. Dotted overrides (``optim.lr=1e-4``) are applied before validation, and the resolved recipe is
saved with the run, so that a run can always be repeated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from landwright.errors import UsageError
from landwright.explain import explain

Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """Base of all recipe sections: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SplitSpec(Section):
    """How scenes are divided into train, val and test; overlapping crops never straddle two parts.

    Attributes:
        by: ``scene`` draws whole images (or whole groups, where ``group`` names a column of the pairs file);
            ``block`` draws square blocks of ``block`` pixels inside every image; ``column`` reads the part of every
            pair from the column ``column`` of the pairs file.
        val: Share of scenes or blocks for validation.
        test: Share of scenes or blocks for testing.
        block: Side of a spatial block in pixels (``by: block``).
        column: Name of the column with ``train``, ``val`` or ``test`` (``by: column``).
        group: Column of the pairs file whose equal values must stay in one part (``by: scene``).
    """

    by: Literal["scene", "block", "column"] = "scene"
    val: Fraction = 0.15
    test: Fraction = 0.0
    block: Positive = 1024
    column: str = "split"
    group: str | None = None


class DataSpec(Section):
    """Where images and labels are and how they are read.

    Attributes:
        images: File, glob, folder or ``.txt`` list of images.
        labels: File, glob, folder or list of masks or polygons; matched to the images by name, or in order where both
            are written-out lists and no name matches.
        pairs: CSV with the columns ``image`` and ``label`` (and, where used, a split and a group column). Paths are
            relative to the CSV.
        layout: Name of a published dataset layout (``landwright data list``), with ``root`` as its folder.
        root: Folder of the published layout.
        where: Scenes of the layout to use, by the fields of their file names, such as ``{state: ny}``.
        bands: 1-based indices or band descriptions; all bands by default.
        field: Attribute of vector labels that holds the class name or code.
        burn: Class given to every polygon of vector labels.
        outside: Class of the ground outside polygons (default: the first class of a two-class legend, else ignored).
        crosswalk: Name or file of a crosswalk from the labels' legend to ``classes``.
        split: Division into train, val and test.
        tile: Side of the training and validation tiles in pixels.
        balance: Share of training tiles that contain a pixel of a class drawn uniformly (0 = plain random tiles).
        labelled: Smallest share of labelled pixels of a training tile; others are drawn again. 0 asks for one pixel, 1
            for all of them, as published with Paraformer.
        workers: Loader processes.
    """

    images: str | list[str] | None = None
    labels: str | list[str] | None = None
    pairs: str | None = None
    layout: str | None = None
    root: str | None = None
    where: dict[str, str | list[str]] | None = None
    bands: list[int | str] | None = None
    field: str | None = None
    burn: str | None = None
    outside: str | None = None
    crosswalk: str | None = None
    split: SplitSpec = SplitSpec()
    tile: Positive = 512
    balance: Share = 0.0
    labelled: Share = 0.0
    workers: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one_source(self) -> DataSpec:
        given = [name for name in ("images", "pairs", "layout") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of `images` (with `labels`), `pairs` or `layout` (with `root`)")
        if (self.images is None) != (self.labels is None):
            raise ValueError("`images` and `labels` go together")
        if (self.layout is None) != (self.root is None):
            raise ValueError("`layout` and `root` go together")
        if self.where is not None and self.layout is None:
            raise ValueError("`where` chooses among the scenes of a `layout`")
        return self


class AugmentSpec(Section):
    """Random changes of training tiles; masks are filled with ignore where nothing is known.

    Attributes:
        flip: Horizontal and vertical mirroring.
        rotate: Quarter turns.
        zoom: Smallest and largest zoom factor, or null.
        colour: Largest relative change of brightness and contrast per band (0 = none).
    """

    flip: bool = True
    rotate: bool = True
    zoom: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] | None = None
    colour: Fraction = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> AugmentSpec:
        if self.zoom is not None and self.zoom[0] > self.zoom[1]:
            raise ValueError("`zoom` is [smallest, largest]")
        return self


class NormalizeSpec(Section):
    """Input scaling as a constant of the dataset: ``(value / divide - mean) / std``, never of one tile.

    Attributes:
        divide: Value that becomes 1; by default 255 for uint8 and 65535 for uint16 imagery.
        mean: One mean per band after division, or ``imagenet``, ``half`` (0.5), ``network`` (what the encoder was
            trained with) or ``data`` (measured on the training part).
        std: As ``mean``.
    """

    divide: float | None = None
    mean: list[float] | Literal["imagenet", "half", "network", "data"] = "network"
    std: list[float] | Literal["imagenet", "half", "network", "data"] = "network"


class NetworkSpec(BaseModel):
    """Name of a registered network, its options, and where its encoder weights come from.

    Attributes:
        name: Registry name, such as ``clcformer`` or ``smp:unet:resnet34``.
        weights: ``none``, a local file (safetensors; for ``paraformer`` also a JAX archive, ``ViT-B_16.npz``), or
            ``hub`` for the encoder's published ImageNet weights.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str
    weights: str = "none"

    @property
    def options(self) -> dict[str, Any]:
        """Every further key of the section, passed to the network."""
        return dict(self.model_extra or {})


class LossSpec(Section):
    """Loss by name.

    Attributes:
        name: A loss of ``landwright.losses``; ``auto`` takes the network's published one.
        paper: Keep the published quirks (see the documentation of the loss).
    """

    name: str = "auto"
    paper: bool = False


class CoarseSpec(Section):
    """What the regime ``coarse`` does with labels that are coarse, old and partly wrong; every part can be left out.

    Attributes:
        plat: Pseudo-label-assisted training (Paraformer): half of the loss counts only labels that the network's first
            branch agrees with, step by step.
        confidence: Smallest probability with which the first branch must agree.
        keep_shares: Weigh the labels that the first branch agrees with so that every class keeps its share of all
            labels; else classes that are easy crowd out the others. Not in the published form (``loss.paper``).
        prior: Name or file of a table of soft labels: the shares of the classes that a cell of each of the product's
            classes usually holds. ``data.crosswalk``, from the same product, then serves validation alone.
        class_weights: One weight per class, or ``balanced``: the inverse square root of each class's share of the
            labels, with mean 1.
        confident_area: Use labels only where the network is at least as sure as it is on average of the class that it
            sees there (L2HNet's confident-area selection).
        vague_area: Weight of L2HNet's dynamic-vague-area loss on the features, 0 for none; 0.01 in L2HNet.
    """

    plat: bool = True
    confidence: Fraction = 0.0
    keep_shares: bool = True
    prior: str | None = None
    class_weights: list[Annotated[float, Field(ge=0)]] | Literal["balanced"] | None = None
    confident_area: bool = False
    vague_area: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _parts_fit(self) -> CoarseSpec:
        if self.confidence and not self.plat:
            raise ValueError("`confidence` is a part of `plat`, which is off")
        if isinstance(self.class_weights, list) and not any(self.class_weights):
            raise ValueError("`class_weights` are all 0, so that nothing would count")
        return self


class OptimSpec(Section):
    """Optimisation: AdamW or SGD, optionally with Lookahead, on a schedule with warm-up.

    Attributes:
        name: ``adamw`` or ``sgd``.
        lr: Peak learning rate.
        encoder_lr: Peak learning rate of pretrained encoders (default: ``lr``).
        min_lr: Learning rate at the end of the schedule.
        weight_decay: Weight decay.
        momentum: Momentum of SGD.
        schedule: ``cosine``, ``poly`` (power 0.9), or ``paper``: the poly schedule as published with Paraformer, whose
            end is counted in tiles and not in steps, so that the rate hardly falls; ``lr`` is scaled by its batch rule.
        steps: Optimiser steps.
        warmup: Steps of linear warm-up.
        batch: Tiles per step and device.
        accumulate: Batches per optimiser step.
        clip: Largest gradient norm, or null.
        precision: ``auto`` takes bf16 on a GPU that has it, else 32.
        lookahead: ``off``, ``timm`` or ``paper`` (the published timing).
    """

    name: Literal["adamw", "sgd"] = "adamw"
    lr: Annotated[float, Field(gt=0)] = 1e-4
    encoder_lr: Annotated[float, Field(gt=0)] | None = None
    min_lr: Annotated[float, Field(ge=0)] = 1e-5
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    momentum: Fraction = 0.9
    schedule: Literal["cosine", "poly", "paper"] = "cosine"
    steps: Positive = 1000
    warmup: Annotated[int, Field(ge=0)] = 0
    batch: Positive = 8
    accumulate: Positive = 1
    clip: Annotated[float, Field(gt=0)] | None = 2.0
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    lookahead: Literal["off", "timm", "paper"] = "off"


class ValidateSpec(Section):
    """Validation during training.

    Attributes:
        every: Steps between validations (default: ten times in a run).
        tiles: Largest number of validation tiles, spread evenly over the val part (null = all).
        protocol: Scoring protocol that chooses the best checkpoint.
        metric: Its figure, such as ``miou``.
        patience: Validations without improvement before an early stop (null = never).
        keep: Weights that go into the bundle: the ``best`` by that figure, or the ``last``.
    """

    every: Positive | None = None
    tiles: Positive | None = 200
    protocol: str = "pixel-pooled"
    metric: str = "miou"
    patience: Positive | None = None
    keep: Literal["best", "last"] = "best"


class Recipe(Section):
    """A whole recipe.

    Attributes:
        regime: Kind of labels.
        classes: Shipped legend or legend file.
        data: Images and labels.
        network: Network.
        augment: Augmentation.
        normalize: Input scaling.
        loss: Loss.
        coarse: What is made of coarse labels (regime ``coarse``).
        optim: Optimisation.
        validate: Validation (key ``validate`` in YAML).
        seed: Seed of everything random.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    regime: Literal["masks", "coarse"]
    classes: str
    data: DataSpec
    network: NetworkSpec
    augment: AugmentSpec = AugmentSpec()
    normalize: NormalizeSpec = NormalizeSpec()
    loss: LossSpec = LossSpec()
    coarse: CoarseSpec | None = None
    optim: OptimSpec = OptimSpec()
    validation: ValidateSpec = Field(default=ValidateSpec(), alias="validate")
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _sections_of_the_regime(self) -> Recipe:
        if self.coarse is not None and self.regime != "coarse":
            raise ValueError("the section `coarse` belongs to the regime `coarse`")
        return self

    def dump(self) -> dict[str, Any]:
        """Return the resolved recipe as plain data, ready for YAML."""
        return self.model_dump(mode="json", by_alias=True)

    def hash(self) -> str:
        """Return the SHA-256 of the resolved recipe, recorded in the bundle's card."""
        return hashlib.sha256(json.dumps(self.dump(), sort_keys=True).encode()).hexdigest()


def load_recipe(path: str | Path, overrides: Sequence[str] = (), *, saved: bool = False) -> Recipe:
    """Read and validate a recipe.

    Args:
        path: YAML file.
        overrides: ``section.key=value`` strings; the value is read as YAML.
        saved: The file is one that a run saved: it may hold what its user had set, and so lead anywhere.

    Returns:
        The validated recipe. Relative paths in it stay relative to the working directory.

    Raises:
        UsageError: The file is missing, is not YAML, does not fit the schema, or leads out of its folder by ``..``; the
            message names the lines.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read the recipe ({error.strerror})", path=path, remedy="Check the path") from error
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"is not valid YAML: {error}", path=path, remedy="Correct the syntax") from error
    if not isinstance(document, dict):
        raise UsageError("is not a mapping of sections", path=path, remedy="Start from one of the shipped recipes")
    outside = [] if saved else [value for value in _texts(document) if ".." in PurePosixPath(value).parts]
    if outside:
        line = next(number for number, row in enumerate(text.splitlines(), start=1) if outside[0] in row)
        raise UsageError(
            f"line {line}: {outside[0]!r} leads out of the recipe's folder",
            path=path,
            remedy="A recipe that is passed on must not reach elsewhere: give an absolute path, or name it with --set",
        )
    for override in overrides:
        _override(document, override)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise UsageError(
            explain(error, text, whole="recipe"),
            path=path,
            remedy="See docs/recipe.md for every key, or correct the lines named",
        ) from error


def recipe_schema() -> dict[str, Any]:
    """Return the JSON schema of a recipe, for editors."""
    return Recipe.model_json_schema(by_alias=True)


def _texts(tree: object) -> Iterator[str]:
    """Yield every text in a document, keys left out."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from _texts(branch)


def _override(document: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        problem = f"override {override!r} is not of the form section.key=value"
        raise UsageError(problem, remedy="Use --set optim.lr=1e-4")
    *sections, last = key.strip().split(".")
    for section in sections:
        inner = document.setdefault(section, {})
        if not isinstance(inner, dict):
            raise UsageError(f"override {override!r} goes into {section!r}, which is not a section")
        document = inner
    document[last] = _number(yaml.safe_load(value))


def _number(value: object) -> object:
    # YAML 1.1 reads 1e-4 (no dot) as text; nobody means text there.
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
