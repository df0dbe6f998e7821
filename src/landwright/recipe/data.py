"""Sections of a recipe on images and labels: where they are and what is made of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from landwright.recipe.section import Fraction, Positive, Section, Share


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
        heights: The same for rasters of height above ground in metres (regime ``synthetic``).
        tags: What is in every image (regime ``tags``): CSV, vector file or STAC items; by default the column ``tags``
            of ``pairs``. ``from-masks`` takes the classes of the masks.
        before: The same for images of an earlier date on the same grid; networks for change see both dates.
        pairs: CSV with the columns ``image`` and ``label`` (and, where used, ``height``, ``before``, ``caption`` or
            ``tags``, a split and a group column). Paths are relative to the CSV.
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
    heights: str | list[str] | None = None
    before: str | list[str] | None = None
    tags: str | list[str] | None = None
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
    _labelled: ClassVar[bool] = True

    @model_validator(mode="after")
    def _one_source(self) -> DataSpec:
        given = [name for name in ("images", "pairs", "layout") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of `images` (with `labels`), `pairs` or `layout` (with `root`)")
        beside = [name for name in ("labels", "heights", "before") if getattr(self, name) is not None]
        if self.images is None and beside:
            raise ValueError(f"`{beside[0]}` goes with `images`; a CSV has a column for it, a layout knows it")
        if self._labelled and self.images is not None and self.labels is None and self.heights is None:
            raise ValueError("`images` go with `labels`, or with `heights` alone where no class is to be learnt")
        if (self.layout is None) != (self.root is None):
            raise ValueError("`layout` and `root` go together")
        if self.where is not None and self.layout is None:
            raise ValueError("`where` chooses among the scenes of a `layout`")
        return self


class ImagesSpec(DataSpec):
    """The same for the regimes ``words`` and ``tags``, which learn from images alone too."""

    _labelled: ClassVar[bool] = False


class TargetSpec(Section):
    """The real images that the regime ``synthetic`` adapts to; they need no labels.

    Attributes:
        images: File, glob, folder or ``.txt`` list of images.
        layout: Name of a published dataset layout, with ``root`` as its folder; its training part is used.
        root: Folder of the published layout.
        where: Scenes of the layout to use, by the fields of their file names.
        bands: 1-based indices or band descriptions, in the order of ``data.bands``; all bands by default.
        exclude: Images that stay unseen, such as those that scores will be reported on.
        allow: Names of images that may be adapted to although they are in ``exclude`` or in the layout's test part.
        limit: Largest number of images used, drawn by the seed (null = all); 200 per set in the published recipe.
    """

    images: str | list[str] | None = None
    layout: str | None = None
    root: str | None = None
    where: dict[str, str | list[str]] | None = None
    bands: list[int | str] | None = None
    exclude: str | list[str] | None = None
    allow: tuple[str, ...] = ()
    limit: Positive | None = None

    @model_validator(mode="after")
    def _one_source(self) -> TargetSpec:
        if (self.images is None) == (self.layout is None):
            raise ValueError("give exactly one of `images` or `layout` (with `root`)")
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
