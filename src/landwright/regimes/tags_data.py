"""Data of the regime ``tags``: images with what is in each, masks to score by, and segments as guides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import torch
from torch import Tensor

from landwright.data.captions import TAGS
from landwright.data.layouts import load_layout
from landwright.data.mask_tags import mask_tags
from landwright.data.scene import Scene
from landwright.data.splits import Region, Split, make_split
from landwright.data.tag_masks import find_tagged
from landwright.data.tagged import refuse_blocks
from landwright.data.tagged_tiles import TaggedTiles
from landwright.data.tags import background_of, check_tags, read_tags, tagged_names
from landwright.data.tiles import RandomTiles
from landwright.errors import DataError, UsageError
from landwright.legends import Legend, load_crosswalk
from landwright.prepare.segments import MOST, PARAMS, SegmentFolder, make_segments
from landwright.rasters import RasterInfo, open_labels, open_raster
from landwright.recipe import Recipe, TagsSpec
from landwright.regimes.inputs import FULL_SCALE, band_names
from landwright.regimes.preparation import preparing
from landwright.regimes.setup import TrainingData
from landwright.regimes.tags_plan import TagsPlan

FROM_MASKS = "from-masks"

_SHOWN = 5


@dataclass(frozen=True)
class TagData:
    """The images of a recipe with their tags, found and checked.

    Attributes:
        found: Images, bands and division; ``train`` holds plain tiles, of which the input scaling is measured.
        learnt: Regions of the training part, without masks.
        tags: float32 (T,) by name of the scene.
        val: Validation tiles.
        scored: Whether they have masks.
        segments: Segments of the training images, or None.
        full: Value that counts as white.
        source: Where the tags come from, as ``landwright evaluate`` reads them, or None if it cannot.
    """

    found: TrainingData
    learnt: tuple[Region, ...]
    tags: Mapping[str, Tensor]
    val: TaggedTiles
    scored: bool
    segments: SegmentFolder | None
    full: float
    source: str | None


def open_tag_data(recipe: Recipe, spec: TagsSpec, legend: Legend, plan: TagsPlan) -> TagData:
    """Find and check images and tags, and divide them.

    Args:
        recipe: The recipe.
        spec: Its section ``tags``.
        legend: Classes of the maps.
        plan: What is computed.

    Raises:
        UsageError: Parts of the recipe do not go together.
        DataError: Files are not sound.
    """
    data = recipe.data
    scenes = find_tagged(data)
    if any(scene.before is not None for scene in scenes):
        raise UsageError("maps from tags look at one date", remedy="Leave the earlier images out")
    split = make_split(scenes, data.split, seed=recipe.seed)
    refuse_blocks(split.all)
    used = list(dict.fromkeys(region.scene for region in split.all if region.part != "test"))
    names = tagged_names(legend.names, spec.background)
    said, source = _said(recipe, spec, legend, used)
    train, val = split.regions("train"), split.regions("val")
    taught = {region.scene.name: said[region.scene.name] for region in train}
    remarks = check_tags(taught, names, background_of(legend.names, spec.background), path=source)
    tags = {name: torch.tensor([float(tag in held) for tag in names]) for name, held in said.items()}
    # Masks of the training part are not read: nothing is learnt from them, and nothing asks that they be sound.
    learnt = tuple(replace(region, scene=replace(region.scene, label=None, height=None)) for region in train)
    labelled = tuple(region for region in val if region.scene.label is not None)
    tiles = TaggedTiles(
        labelled or val,
        data,
        legend,
        tags,
        first=int(plan.background),
        least=spec.min_pixels,
        limit=recipe.validation.tiles,
    )
    plain = RandomTiles(learnt, data, legend, length=recipe.optim.batch, seed=recipe.seed)
    infos = tuple(plain.reader.info(region.scene) for region in learnt)
    plain.reader.close()
    full = _full(recipe, infos[0].dtype)
    segments = _segments(recipe, spec, plan, learnt, scale=_scale(infos, full))
    layout = load_layout(data.layout) if data.layout is not None else None
    found = TrainingData(
        spec=data,
        legend=legend,
        split=Split((*learnt, *(region for region in split.all if region.part != "train"))),
        train=plain,
        val=tiles.tiles,
        infos=infos,
        bands=band_names(data.bands, infos[0], layout),
        dates=1,
        layout=layout,
        notes=(*remarks, *_large(data.tile, infos[0].shape), plan.note),
    )
    return TagData(found, learnt, tags, tiles, bool(labelled), segments, full, _readable(recipe, spec))


def _said(
    recipe: Recipe, spec: TagsSpec, legend: Legend, scenes: Sequence[Scene]
) -> tuple[dict[str, frozenset[str]], Path | None]:
    """Return the tags of scenes, and the file that they come from."""
    data = recipe.data
    if data.tags == FROM_MASKS:
        return _from_masks(recipe, spec, legend, scenes), None
    source = data.tags if data.tags is not None else data.pairs
    if source is None:
        raise UsageError(
            "there are no tags", remedy=f"Give data.tags: a CSV, vector or STAC file, or {FROM_MASKS} to use the masks"
        )
    field = spec.field or (TAGS if data.tags is None else None)
    said = read_tags(source, scenes, legend.names, field=field, background=spec.background)
    return said, Path(source if isinstance(source, str) else source[0])


def _readable(recipe: Recipe, spec: TagsSpec) -> str | None:
    """Return the source of tags if it is one, and has its tags under their usual name."""
    source = recipe.data.tags if recipe.data.tags is not None else recipe.data.pairs
    return source if isinstance(source, str) and spec.field in {None, TAGS} else None


def _from_masks(recipe: Recipe, spec: TagsSpec, legend: Legend, scenes: Sequence[Scene]) -> dict[str, frozenset[str]]:
    data = recipe.data
    crosswalk = load_crosswalk(data.crosswalk) if data.crosswalk is not None else None
    names = set(tagged_names(legend.names, spec.background))
    said = {}
    for scene in scenes:
        if scene.label is None:
            raise DataError("has no mask to take tags from", path=scene.image, remedy="Give one, or a file of tags")
        with open_raster(scene.image) as raster:
            info = raster.info
        labels = open_labels(
            scene.label,
            legend,
            info,
            field=data.field,
            burn=data.burn,
            outside=data.outside,
            crosswalk=crosswalk,
        )
        try:
            said[scene.name] = mask_tags(labels, min_pixels=spec.min_pixels) & names
        finally:
            labels.close()
    bare = [name for name, tags in said.items() if not tags]
    if bare and background_of(legend.names, spec.background) is None:
        shown = ", ".join(bare[:_SHOWN]) + (f" and {len(bare) - _SHOWN} more" if len(bare) > _SHOWN else "")
        raise DataError(
            f"{len(bare)} of {len(said)} images have no tag, for in their masks no class covers {spec.min_pixels} "
            f"pixels: {shown}",
            remedy="Lower tags.min_pixels, or leave them out",
        )
    return said


def _segments(
    recipe: Recipe, spec: TagsSpec, plan: TagsPlan, learnt: Sequence[Region], *, scale: float | None
) -> SegmentFolder | None:
    """Find the segments of the training images; those of a provider are made first, or taken from the cache."""
    if plan.segments == "none":
        return None
    images = list(dict.fromkeys(region.scene.image for region in learnt))
    if plan.segments in PARAMS:
        bands = recipe.data.bands
        given = {
            "weights": spec.sam,
            "most": MOST if plan.paper else None,
            "bands": None if bands is None else bands[: 3 if len(bands) >= 3 else 1],
            "value_scale": scale,
        }
        params = {name: value for name, value in given.items() if value is not None}
        with preparing(f"{plan.segments} segments", len(images)) as advance:
            folder = SegmentFolder(make_segments(images, None, plan.segments, params, progress=advance).path)
    else:
        _refuse_misspelt(plan.segments)
        folder = SegmentFolder(plan.segments)
    if plan.paper and folder.params.get("most") != MOST:
        raise UsageError(
            f"the published computation is of the {MOST} largest segments of an image, and those of {folder.path} were "
            f"made with most={str(folder.params.get('most')).lower()}",
            remedy=f"Make them in another folder: landwright prepare segments ... --set most={MOST}; or leave "
            "loss.paper out",
        )
    folder.check(images)
    return folder


def _refuse_misspelt(segments: str) -> None:
    near = get_close_matches(segments, PARAMS, n=1)
    if near and not Path(segments).exists():
        raise UsageError(
            f"tags.segments {segments!r} is neither a folder nor one of {', '.join(PARAMS)}",
            remedy=f"Did you mean {near[0]}?",
        )


def _scale(infos: Sequence[RasterInfo], full: float) -> float | None:
    """Return what makes 255 of white, or None for images of 8 bits."""
    return None if all(info.dtype == "uint8" for info in infos) else 255 / full


def _large(tile: int, shape: tuple[int, int]) -> tuple[str, ...]:
    if max(shape) <= 2 * tile:
        return ()
    return (
        f"the first image has {shape[1]} x {shape[0]} pixels, a tile {tile}: a tile keeps the tags of its image, "
        "although it may show none of them; smaller tagged images teach more",
    )


def _full(recipe: Recipe, dtype: str) -> float:
    full = recipe.normalize.divide or FULL_SCALE.get(dtype)
    if full is None:
        raise UsageError(
            f"the largest value of {dtype} imagery is not known, without which colours cannot be changed",
            remedy="Give it as normalize.divide",
        )
    return full
