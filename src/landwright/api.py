"""The public face in Python: the same verbs as on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from landwright.bundles import Bundle, load_bundle
from landwright.errors import UsageError
from landwright.legends import Crosswalk, load_crosswalk

if TYPE_CHECKING:
    import torch

    from landwright.bundles.export import ExportResult
    from landwright.engine import MapResult
    from landwright.evaluation import BundleEvaluation
    from landwright.maps import VectorResult

Images = str | PathLike[str] | Sequence[str | PathLike[str]]


class Mapper(Bundle):
    """A loaded model bundle that makes maps.

    Attributes:
        card: All that prediction needs besides the weights.
        network: The network in eval mode; takes normalised float32 (B, C, H, W) of any H and W and returns
            :class:`landwright.Outputs`.
        path: Folder that it was loaded from.
    """

    def predict(self, image: Images, out: str | PathLike[str], **options: Any) -> MapResult:
        """Map an image, as ``landwright predict`` does.

        Args:
            image: Raster with the bands of the card, of any size, in sensor units; of two dates the later. Several
                become one map.
            out: Map to write, a Cloud Optimized GeoTIFF: codes of the legend, or metres of a model of heights alone.
            **options: As of :func:`landwright.predict`.

        Returns:
            The files written and how long it took.

        Raises:
            UsageError: An option is unknown or does not fit.
            DataError: The image is missing, damaged or does not fit the model.
        """
        return predict(self, image, out, **options)


def load(where: str | PathLike[str], *, device: str | torch.device = "cpu", revision: str | None = None) -> Mapper:
    """Load a model bundle; nothing in it is executed.

    Args:
        where: Bundle folder, run folder with ``bundle/`` in it, or hub id ``owner/name``.
        device: Device for the network, such as ``cpu``, ``cuda`` or ``cuda:1``.
        revision: Branch, tag or commit, for a hub id.

    Returns:
        The bundle: ``network(x)``, ``card``, ``legend`` and ``predict(image, out)``.

    Raises:
        UsageError: A pickled checkpoint or a single file is given, or this machine has no such device.
        DataError: There is no bundle, it is damaged, was changed after it was made or is of a newer version.
    """
    bundle = load_bundle(where, device=device, revision=revision)
    return Mapper(bundle.card, bundle.network, bundle.path)


def predict(
    model: Bundle | str | PathLike[str] | None, image: Images, out: str | PathLike[str], **options: Any
) -> MapResult:
    """Map an image, as ``landwright predict`` does.

    Large images are mapped in blocks, and an interrupted call goes on where it was (``docs/large-maps.md``).

    Args:
        model: A loaded bundle, or what :func:`load` takes, or the name of a published vision-language model, such as
            ``clip-b16``. None takes the default one, ``farslip1-b16``, and needs words.
        image: Raster with the bands of the model's card, of any size, in sensor units: a file, URL or GDAL name; of two
            dates the later. Several become one map.
        out: Map to write, a Cloud Optimized GeoTIFF: codes of the legend, or metres of a model of heights alone.
        **options: Fields of :class:`landwright.PredictOptions`, such as ``confidence=True`` or
            ``before="earlier.tif"``; ``merge`` may also be the name or the file of a crosswalk. Fields of
            :class:`landwright.engine.RunOptions`, such as ``workers=4``. With a vision-language model also fields of
            :class:`landwright.engine.WordOptions`, such as ``words="building, roof; road; tree, forest; water"``.

    Returns:
        The files written and how long it took.

    Raises:
        UsageError: An option is unknown or does not fit.
        DataError: Model or image is missing, damaged, or they do not fit each other.
    """
    from landwright.engine import Job, PredictOptions, RunOptions, WordOptions, predict_job

    of_words, of_runs = ({field.name for field in fields(kind)} for kind in (WordOptions, RunOptions))
    known = [*(field.name for field in fields(PredictOptions)), *sorted(of_words | of_runs)]
    if unknown := sorted(set(options) - set(known)):
        raise UsageError(f"predict has no option {unknown[0]!r}", remedy=f"Known: {', '.join(known)}")
    if options.get("merge") is not None:
        options["merge"] = _crosswalk(options["merge"])
    looked_for = WordOptions(**{name: options.pop(name) for name in of_words & set(options)})
    runs = RunOptions(**{name: options.pop(name) for name in of_runs & set(options)})
    if runs.executor == "shards":
        raise UsageError(
            "executor shards makes a part of a map, not a map",
            remedy="Use the command line: landwright predict --executor shards, then landwright merge",
        )
    images = (image,) if isinstance(image, str | PathLike) else image
    job = Job(
        model if model is None or isinstance(model, Bundle) else str(model),
        tuple(map(str, images)),
        PredictOptions(**options),
        looked_for,
    )
    return predict_job(job, Path(out), runs=runs)


def evaluate(
    model: Bundle | str | PathLike[str],
    images: str | list[str],
    labels: str | list[str] | None = None,
    report: str | PathLike[str] | None = None,
    *,
    heights: str | list[str] | None = None,
    protocols: Sequence[str] = ("pixel-pooled",),
    crosswalk: Crosswalk | str | PathLike[str] | None = None,
    merge: Crosswalk | str | PathLike[str] | None = None,
    merge_by: Literal["map", "probability"] = "map",
    tags: str | None = None,
) -> BundleEvaluation:
    """Map images with a model and score the maps against labels, heights or both, as ``landwright evaluate`` does.

    Args:
        model: A loaded bundle, or what :func:`load` takes.
        images: File, glob, folder or ``.txt`` list of images.
        labels: The same for masks or polygons; matched to the images by name. None where only heights are scored.
        report: Folder for ``index.html`` and ``metrics.json``, or None for none.
        heights: The same as ``labels`` for rasters of height above ground in metres.
        protocols: Names of the protocols to score with, of classes and of heights; of a kind that is not named, the
            default ones. Each score says how it was measured.
        crosswalk: From the labels' own classes to those scored: shipped name, YAML file, or loaded.
        merge: The same from the model's classes, where fewer are scored.
        merge_by: Merge the finished map, or sum the probabilities of classes before it is made.
        tags: What is in each image, as a file of tags or ``from-masks``: scores activation maps and pseudo-labels
            beside the map, for a model that learnt from tags.

    Returns:
        Scores per protocol, areas and one entry per scene.

    Raises:
        UsageError: A protocol is unknown or made for other classes, a crosswalk does not fit, or the report's folder
            holds something else.
        DataError: Model, images or labels are missing, damaged, or they do not fit each other.
    """
    from landwright.data.scenes import find_scenes
    from landwright.evaluation import LabelOptions, Merge, evaluate_bundle
    from landwright.evaluation.tags.source import tag_source
    from landwright.recipe import DataSpec

    scenes = find_scenes(DataSpec(images=images, labels=labels, heights=heights))
    bundle = model if isinstance(model, Bundle) else load(model)
    return evaluate_bundle(
        bundle,
        {scene: () for scene in scenes},
        report,
        protocols=protocols,
        labels=LabelOptions(crosswalk=None if crosswalk is None else _crosswalk(crosswalk)),
        merge=None if merge is None else Merge(_crosswalk(merge), merge_by),
        tags=None if tags is None else tag_source(tags, scenes, bundle),
    )


def vectorize(
    path: str | PathLike[str],
    out: str | PathLike[str],
    *,
    height: str | PathLike[str] | None = None,
    ground: str | PathLike[str] | None = None,
    **options: Any,
) -> VectorResult:
    """Turn classes of a map into polygons, with heights into buildings, as ``landwright vectorize`` does.

    Args:
        path: A map of classes: a file, a run directory, or a folder, glob or list of blocks.
        out: File to write: ``.gpkg``, ``.parquet``, ``.fgb`` or ``.city.json``.
        height: Raster of height above ground in metres.
        ground: Raster of the ground's height, for base heights.
        **options: Fields of :class:`landwright.maps.VectorOptions`, such as ``min_area=20``.

    Returns:
        The file, and how many polygons it holds.

    Raises:
        UsageError: An option is unknown or does not fit, or a package is missing.
        DataError: A raster is missing or damaged, or they do not fit each other.
    """
    from landwright.maps import VectorOptions, vectorize_map

    known = [field.name for field in fields(VectorOptions)]
    if unknown := sorted(set(options) - set(known)):
        raise UsageError(f"vectorize has no option {unknown[0]!r}", remedy=f"Known: {', '.join(known)}")
    return vectorize_map(path, out, height=height, ground=ground, options=VectorOptions(**options))


def export(model: Bundle | str | PathLike[str], out: str | PathLike[str], **options: Any) -> ExportResult:
    """Write a model as one file for other programs, as ``landwright export`` does.

    Args:
        model: A loaded bundle, or what :func:`load` takes.
        out: File to write: ``.onnx``, or ``.pt2`` for torch.export.
        **options: As of :func:`landwright.bundles.export.export_bundle`: ``tile``, ``outputs`` and ``overwrite``.

    Returns:
        What was written, and by how much it differs from the model.

    Raises:
        UsageError: An option is unknown or does not fit, a package is missing, or the network cannot be written so.
        DataError: The model is missing or damaged, or the file differs from it or cannot be written.
    """
    from landwright.bundles.export import export_bundle

    known = ("tile", "outputs", "overwrite")
    if unknown := sorted(set(options) - set(known)):
        raise UsageError(f"export has no option {unknown[0]!r}", remedy=f"Known: {', '.join(known)}")
    return export_bundle(model if isinstance(model, Bundle) else load(model), out, **options)


def _crosswalk(given: Crosswalk | str | PathLike[str]) -> Crosswalk:
    return given if isinstance(given, Crosswalk) else load_crosswalk(given)
