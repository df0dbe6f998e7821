"""Regime ``synthetic``: the labels are those of synthetic scenes, the images to be mapped have none."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

from landwright.data.domains import AdaptationTiles, StyledTiles, ValidationTiles
from landwright.data.pairing import unique_names
from landwright.data.scenes import Scene, find_targets
from landwright.data.splits import Region
from landwright.data.tiles import GridTiles, RandomTiles
from landwright.errors import DataError, UsageError
from landwright.evaluation.heights import HeightErrors
from landwright.legends import Legend, load_legend
from landwright.networks import network_info
from landwright.rasters import RasterInfo
from landwright.recipe import Recipe, SyntheticSpec
from landwright.regimes.adaptation import AdaptationModule
from landwright.regimes.agreement import FIGURES
from landwright.regimes.experiment import Experiment
from landwright.regimes.inputs import FULL_SCALE, gsd_range
from landwright.regimes.module import check_metric
from landwright.regimes.setup import Equipment, TrainingData, equip, make_card, open_data
from landwright.regimes.source import SourceModule

RAISED = ("tree", "building")
"""Classes that stand above the ground, in the legends of SynRS3D and of the world."""

_TARGET_SEED = 1
"""Added to the recipe's seed, so that target tiles do not lie where source tiles do."""


@dataclass(frozen=True)
class Target:
    """The images to adapt to, found and checked.

    Attributes:
        scenes: The images, without labels.
        train: Tiles of the whole run, three per item.
        val: Tiles on which network and teacher are compared.
        infos: Grids of the images.
    """

    scenes: tuple[Scene, ...]
    train: RandomTiles
    val: GridTiles
    infos: tuple[RasterInfo, ...]


def build(recipe: Recipe, *, tiles: int) -> Experiment:
    """Make a recipe concrete: find and check the data, build network, teacher and loss.

    Args:
        recipe: A recipe of the regime ``synthetic``.
        tiles: Number of training items in the whole run.

    Returns:
        The experiment; equal recipes give equal ones. Its validation tiles are those of the synthetic val part and,
        where it adapts, tiles of the target images.

    Raises:
        UsageError: Parts of the recipe do not go together.
        DataError: The images, labels or heights are not sound.
    """
    legend = load_legend(recipe.classes)
    spec = recipe.synthetic or SyntheticSpec()
    heads = network_info(recipe.network.name, **recipe.network.options).heads
    adapts = bool(recipe.target) and spec.adapt
    _check_metric(recipe, legend, heads, adapts=adapts)
    data = open_data(recipe, recipe.data, legend, tiles=2 * tiles, unlabelled=True)
    _check_labels(data, spec, heads, adapts=adapts)
    if recipe.target:
        _check_type(recipe, data)
    target = _open_target(recipe, data, tiles=3 * tiles) if recipe.target else None
    ready = equip(recipe, data, logits=len(legend))
    items = AdaptationTiles if adapts else StyledTiles
    train = items(
        data.train,
        None if target is None else target.train,
        spec,
        length=tiles,
        full=FULL_SCALE.get(data.infos[0].dtype, ready.scaling.divide),
        seed=recipe.seed,
        paper=recipe.loss.paper,
    )
    split = data.split if target is None else data.split.with_targets(target.scenes)
    card = make_card(recipe, data, legend, ready.scaling, logits=len(legend))
    if target is None or not adapts:
        module = SourceModule(
            recipe, ready.network, legend, ready.scaling, spec, heads=heads, pretrained=ready.pretrained
        )
        return Experiment(module, train, ValidationTiles(data.val, None), split, card, data.notes, " (synthetic)")
    return Experiment(
        _adaptation(recipe, data, ready, legend, spec, heads),
        train,
        ValidationTiles(data.val, target.val),
        split,
        card.model_copy(update={"gsd": gsd_range(target.infos) or card.gsd}),
        (*data.notes, *_notes(recipe, ready, spec)),
        f" (synthetic) and {len(target.scenes)} target images; {len(target.val)} of the tiles are of these, have no "
        "labels and only tell how far network and teacher agree",
    )


def _check_metric(recipe: Recipe, legend: Legend, heads: tuple[str, ...], *, adapts: bool) -> None:
    """Refuse a figure that this training will not have, long before the first validation."""
    prefix = "height_" if "classes" in heads else ""
    further = [f"{prefix}{name}" for name in HeightErrors().values()] if "height" in heads else []
    further += FIGURES if adapts else ()
    metric = recipe.validation.metric
    if "classes" in heads:
        check_metric(recipe, legend, further=further)
    elif metric not in further:
        raise UsageError(f"heights alone have no figure {metric!r}", remedy=f"Use one of {', '.join(further)}")


def _check_type(recipe: Recipe, data: TrainingData) -> None:
    """Refuse images whose largest value is not known: colours would be changed beyond it and cut off."""
    dtype = data.infos[0].dtype
    if dtype not in FULL_SCALE and recipe.normalize.divide is None:
        raise UsageError(
            f"the largest value of {dtype} imagery is not known, without which its look cannot be changed",
            remedy="Give it as normalize.divide, or leave target out",
        )


def _check_labels(data: TrainingData, spec: SyntheticSpec, heads: tuple[str, ...], *, adapts: bool) -> None:
    for part in ("train", "val"):
        for region in data.split.regions(part):
            scene = region.scene
            if "height" in heads and scene.height is None:
                raise DataError(
                    "has no heights, which the network is to learn",
                    path=scene.image,
                    remedy="Give data.heights, or set network.heads to classes",
                )
            if scene.label is None and ("classes" in heads or (adapts and spec.mix == "classmix")):
                raise DataError(
                    "has no classes, which are to be learnt or mixed",
                    path=scene.image,
                    remedy="Give labels; or set network.heads to height and synthetic.mix to cutmix or none",
                )


def _open_target(recipe: Recipe, data: TrainingData, *, tiles: int) -> Target:
    bands = {None if spec.bands is None else tuple(spec.bands) for spec in recipe.target}
    if len(bands) > 1:
        raise UsageError(
            "the sections of `target` choose different bands", remedy="Give all of them the same target.bands"
        )
    found = [scene for spec in recipe.target for scene in find_targets(spec, seed=recipe.seed)]
    names = unique_names([scene.image for scene in found])
    scenes = tuple(replace(scene, name=name) for scene, name in zip(found, names, strict=True))
    regions = tuple(Region(scene, "train") for scene in scenes)
    # No label is read: what the recipe says of labels does not matter.
    reading = recipe.data.model_copy(
        update={"bands": recipe.target[0].bands or recipe.data.bands, "balance": 0.0, "labelled": 0.0}
    )
    train = RandomTiles(
        regions, reading, data.legend, length=tiles, seed=recipe.seed + _TARGET_SEED, augment=recipe.augment
    )
    val = GridTiles(regions, reading, data.legend, limit=recipe.validation.tiles)
    infos = tuple(train.reader.info(scene) for scene in scenes)
    count = train[0]["image"].shape[0]
    train.reader.close()  # forked loader workers inherit no open files
    if count != len(data.bands):
        raise DataError(
            f"{count} bands of it were read, {len(data.bands)} of the synthetic images",
            path=scenes[0].image,
            remedy="Choose the bands with target.bands, in the order of data.bands",
        )
    for info in infos:
        if info.dtype != data.infos[0].dtype:
            raise DataError(
                f"has {info.dtype} values, the synthetic images have {data.infos[0].dtype}",
                path=info.path,
                remedy="Rescale it as the synthetic images are (gdal_translate -ot Byte -scale)",
            )
    return Target(scenes, train, val, infos)


def _adaptation(
    recipe: Recipe,
    data: TrainingData,
    ready: Equipment,
    legend: Legend,
    spec: SyntheticSpec,
    heads: tuple[str, ...],
) -> AdaptationModule:
    network: Any = ready.network
    if recipe.loss.paper:
        # The published teacher has heads of its own, drawn at random.
        other = recipe.model_copy(update={"seed": recipe.seed + 1})
        teacher = equip(other, data, logits=len(legend)).network
    else:
        teacher = copy.deepcopy(ready.network)
    return AdaptationModule(
        recipe,
        ready.network,
        legend,
        ready.scaling,
        spec,
        heads=heads,
        teacher=teacher,
        frozen=copy.deepcopy(network.encoder) if _obstacle(recipe, ready, spec) is None else None,
        raised=_raised(spec, legend) if set(heads) == {"classes", "height"} else (),
        pretrained=ready.pretrained,
    )


def _raised(spec: SyntheticSpec, legend: Legend) -> tuple[int, ...]:
    names = RAISED if spec.raised is None else spec.raised
    if strange := [name for name in names if name not in legend.names]:
        raise UsageError(
            f"legend {legend.name} has no class {' or '.join(strange)}, which would stand above the ground",
            remedy=f"Name such classes under synthetic.raised, or give []; it has {', '.join(legend.names)}",
        )
    return tuple(legend.names.index(name) for name in names)


def _obstacle(recipe: Recipe, ready: Equipment, spec: SyntheticSpec) -> str | None:
    """Say what stands in the way of the feature constraint; None where nothing does."""
    if spec.feature == 0:
        return "synthetic.feature is 0"
    if not network_info(recipe.network.name, **recipe.network.options).tokens:
        return f"network {recipe.network.name} hands out no tokens"
    return None if ready.pretrained else "the encoder has no published weights (network.weights)"


def _notes(recipe: Recipe, ready: Equipment, spec: SyntheticSpec) -> tuple[str, ...]:
    obstacle = _obstacle(recipe, ready, spec)
    return () if obstacle is None or spec.feature == 0 else (f"no feature constraint: {obstacle}",)
