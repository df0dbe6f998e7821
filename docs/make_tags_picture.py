"""Puts an image, its activation maps, segments, pseudo label, map and reference side by side, as in the tutorial.

python docs/make_tags_picture.py BUNDLE IMAGE LABEL TAGS OUT.png [SEGMENTS]

TAGS is a file of tags, or from-masks; SEGMENTS is a folder of ``landwright prepare segments``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from landwright.bundles import load_bundle
from landwright.data import Scene
from landwright.engine import PredictOptions, predict_raster
from landwright.evaluation.findings import LabelOptions
from landwright.evaluation.protocols import DEFAULT
from landwright.evaluation.report.tagpictures import activation_picture, object_picture
from landwright.evaluation.sources import find_run
from landwright.evaluation.tags.compare import TagComparison
from landwright.evaluation.tags.source import tag_source
from landwright.evaluation.tags.stages import rules_of
from landwright.maps import class_picture, side_by_side, write_png
from landwright.rasters import open_labels, open_raster


def main(model: str, image: str, label: str, tags: str, out: str, segments: str | None = None) -> None:
    """Make the stages and the map, and write the picture."""
    bundle = load_bundle(model)
    scene = Scene(Path(image).stem, Path(image), Path(label))
    source = tag_source(tags, [scene], bundle, segments=segments)
    options, rules = PredictOptions(), rules_of(bundle, find_run(model))
    comparison = TagComparison(bundle, source, options, (DEFAULT,), LabelOptions(), rules=rules, previews=1)
    with tempfile.TemporaryDirectory() as folder:
        comparison.add(scene, None, Path(folder))
        made = predict_raster(bundle, image, Path(folder) / "map.tif", options=options)
        with open_raster(image) as raster:
            codes = open_labels(made.path, bundle.legend, raster.info).read()
    (stages,) = comparison.seen
    size = max(stages.pseudo.prediction.shape)
    panels = [
        stages.pseudo.image,
        activation_picture(stages.activation, bundle.legend),
        None if stages.objects is None else object_picture(stages.objects),
        class_picture(stages.pseudo.prediction, bundle.legend),
        class_picture(codes, bundle.legend, size=size),
        class_picture(stages.pseudo.reference, bundle.legend),
    ]
    write_png(out, side_by_side([panel for panel in panels if panel is not None]))


if __name__ == "__main__":
    main(*sys.argv[1:])
