"""Data of the regime ``words``: images with whatever is said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from landwright.data.captions import find_captioned, has_captions, read_captions
from landwright.data.images import WholeImages
from landwright.data.layouts import load_layout
from landwright.data.pairing import pair
from landwright.data.reading import Sample, SceneReader
from landwright.data.regions import Box, is_listing, read_listing, vector_boxes
from landwright.data.scene import Scene
from landwright.data.splits import Region, Split, make_split
from landwright.data.tiles import GridTiles, RandomTiles
from landwright.data.views import Said, WordViews
from landwright.errors import DataError, UsageError
from landwright.legends import load_legend
from landwright.legends.vocabulary import Vocabulary, list_vocabularies, load_vocabulary, parse_words
from landwright.rasters import VECTOR_SUFFIXES, RasterInfo, expand_inputs
from landwright.recipe import AugmentSpec, Recipe, WordsSpec
from landwright.regimes.inputs import band_names, gsd_range

VALIDATION_ITEMS = 200
"""Views for the validation loss where the recipe sets no limit."""

_VALIDATION_SEED = 1
"""Added to the recipe's seed for them."""


@dataclass(frozen=True)
class WordData:
    """The images of a recipe with what is said of them, found and checked.

    Attributes:
        vocabulary: Classes of the maps, and of the masks where there are any.
        split: Which scene is in which part.
        train: Views of the whole run.
        val: Tiles with masks where the val part has any, else views.
        scored: Whether it has.
        told: Whether captions, tags, masks or boxes say anything: without, no text is read.
        tile: Side in pixels of the ground that a view shows; None where views show whole images.
        infos: Grids of the training images.
        bands: Names of the bands.
        gsd: Ground sampling distances that a network is good for.
        notes: What a user may not expect.
    """

    vocabulary: Vocabulary
    split: Split
    train: Dataset[Any]
    val: Dataset[Any]
    scored: bool
    told: bool
    tile: int | None
    infos: tuple[RasterInfo, ...]
    bands: tuple[str, ...]
    gsd: tuple[float, float] | None
    notes: tuple[str, ...]


def find_classes(classes: str) -> Vocabulary:
    """Return the vocabulary that a recipe's ``classes`` means.

    Args:
        classes: Words (``building, roof; road; water``), a shipped vocabulary or legend, or a file of either; the names
            of a legend's classes are their words.

    Raises:
        UsageError: There is none of that name.
        DataError: The file is not sound, or has one class alone.
    """
    if ";" in classes:
        return parse_words(classes)
    if classes in list_vocabularies() or Path(classes).suffix in {".yaml", ".yml", ".txt"}:
        return load_vocabulary(classes)
    return Vocabulary.model_validate(load_legend(classes).model_dump())  # shipped ones have two classes or more


def open_word_data(recipe: Recipe, spec: WordsSpec, vocabulary: Vocabulary, *, side: int, items: int) -> WordData:
    """Find and check images and what is said of them, and divide them.

    Args:
        recipe: The recipe.
        spec: Its section ``words``.
        vocabulary: Classes of the masks, and of the maps.
        side: Side of the views in pixels.
        items: Number of training views in the whole run.

    Raises:
        UsageError: Parts of the recipe do not go together.
        DataError: Files are not sound.
    """
    data, augment = recipe.data, recipe.augment
    scenes = find_captioned(data)
    if any(scene.before is not None for scene in scenes):
        raise UsageError("maps from words look at one date", remedy="Leave the earlier images out")
    split = make_split(scenes, data.split, seed=recipe.seed)
    used = list(dict.fromkeys(region.scene for region in split.all if region.part != "test"))
    reader = SceneReader(data, vocabulary)
    said, whole, notes = _said(recipe, spec, used, reader)
    masks = any(scene.label is not None for scene in used)
    if augment.zoom is not None and (whole or said.boxes):
        raise UsageError("augment.zoom is for tiles with masks alone", remedy="Leave augment.zoom out")
    told = bool(
        (spec.caption and (said.captions or (masks and spec.captions == "masks")))
        or (spec.region and (said.boxes or (masks and spec.masks)))
    )
    if not told and not spec.distillation:
        raise UsageError(
            "nothing is said of the images, and words.distillation is 0: there is nothing to learn",
            remedy="Give captions, tags, masks or boxes, or set words.distillation to 0.1",
        )
    zoomed = AugmentSpec(flip=False, rotate=False, zoom=augment.zoom)

    def views(regions: Sequence[Region], length: int, seed: int, changes: AugmentSpec | None) -> WordViews:
        tiles: Dataset[Sample]
        if whole:
            tiles = WholeImages(regions, data, vocabulary, length=length, seed=seed)
        else:
            zoom = None if changes is None else zoomed
            tiles = RandomTiles(regions, data, vocabulary, length=length, seed=seed, augment=zoom)
        paper = recipe.loss.paper
        return WordViews(tiles, vocabulary, spec, said, side=side, seed=seed, augment=changes, paper=paper)

    val = split.regions("val")
    labelled = tuple(region for region in val if region.scene.label is not None)
    train = views(split.regions("train"), items, recipe.seed, augment)
    held = recipe.validation.tiles or VALIDATION_ITEMS
    if whole:
        held = min(held, len(val))
    learnt = tuple(dict.fromkeys(region.scene for region in split.regions("train")))
    infos = tuple(reader.info(scene) for scene in learnt)
    reader.close()  # forked loader workers inherit no open files
    layout = load_layout(data.layout) if data.layout is not None else None
    return WordData(
        vocabulary=vocabulary,
        split=split,
        train=train,
        val=GridTiles(labelled, data, vocabulary, limit=recipe.validation.tiles)
        if labelled
        else views(val, held, recipe.seed + _VALIDATION_SEED, None),
        scored=bool(labelled),
        told=told,
        tile=None if whole else data.tile,
        infos=infos,
        bands=band_names(data.bands, infos[0], layout),
        gsd=gsd_range(infos, layout),
        notes=notes if told else (*notes, "nothing is said of the images: regions alone are compared with their crops"),
    )


def _said(
    recipe: Recipe, spec: WordsSpec, scenes: Sequence[Scene], reader: SceneReader
) -> tuple[Said, bool, tuple[str, ...]]:
    """Return what files say of scenes, whether they speak of whole images, and notes."""
    captions: dict[str, str] = {}
    boxes: dict[str, list[Box]] = {}
    pairs = recipe.data.pairs
    source = spec.captions if spec.captions is not None else pairs if pairs and has_captions(Path(pairs)) else None
    if spec.caption and source is not None and source != "masks":
        captions = read_captions(Path(source), scenes, phrase=spec.phrase)
    files = [] if spec.regions is None else expand_inputs(spec.regions, suffixes=VECTOR_SUFFIXES)
    listings = [file for file in files if is_listing(file)]
    vectors = [file for file in files if file not in listings]
    for file in listings:
        more, found = _listed(file, scenes)
        captions = {**more, **captions} if spec.caption else captions
        boxes |= found
    if vectors:
        for (_, file), scene in zip(
            pair([scene.image for scene in scenes], vectors, kind="a file of regions"), scenes, strict=True
        ):
            boxes.setdefault(scene.name, []).extend(vector_boxes(file, reader.info(scene), spec.category))
    notes = []
    if captions and len(captions) < len(scenes):
        notes.append(f"{len(captions)} of {len(scenes)} images have a caption or tags")
    return Said(captions, boxes), bool(captions or listings), tuple(notes)


def _listed(file: Path, scenes: Sequence[Scene]) -> tuple[dict[str, str], dict[str, list[Box]]]:
    """Find a list's entries for scenes: by the end of the path, or by a file name that is there once."""
    listed = read_listing(file)
    names = Counter(Path(entry.image).name for entry in listed)
    by_name = {name: entry for entry in listed if names[name := Path(entry.image).name] == 1}
    by_path = {Path(entry.image).parts: entry for entry in listed}
    captions, boxes = {}, {}
    for scene in scenes:
        parts = scene.image.absolute().parts
        ends = (parts[-count:] for count in range(len(parts), 0, -1))
        entry = next((by_path[end] for end in ends if end in by_path), None) or by_name.get(scene.image.name)
        if entry is not None:
            boxes[scene.name] = list(entry.boxes)
            if entry.caption:
                captions[scene.name] = entry.caption
    if not boxes:
        shown = listed[0].image if listed else "nothing"
        raise DataError(
            f"lists none of the {len(scenes)} images; it begins with {shown}",
            path=file,
            remedy="Name the folder of its images under data.images",
        )
    return captions, boxes
