"""The options of ``landwright predict`` that name words, and what becomes of them."""

from __future__ import annotations

from typing import Annotated

import typer

Words = Annotated[
    str | None,
    typer.Option(
        "--words",
        metavar="TEXT",
        help='Classes to look for, without training: "building, roof; road; tree, forest; water".',
        show_default=False,
    ),
]
VocabularyName = Annotated[
    str | None,
    typer.Option("--vocabulary", metavar="NAME", help="The same from a file (.yaml, .txt) or shipped, such as loveda."),
]
PresetName = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="How words are looked for: landwright, rs-ovss or segearth-ov; what a bundle was given with --set holds.",
    ),
]
Attention = Annotated[
    str | None, typer.Option("--attention", help="Attention of the last layer: segearth, sclip, maskclip, gem, ...")
]
Upsampler = Annotated[
    str | None, typer.Option("--upsampler", help="How features reach pixels: none, bilinear, jbu-one or jbu-stack.")
]
TemplatesName = Annotated[
    str | None,
    typer.Option("--templates", help="Sentences around words: imagenet80, single, satellite or a .txt file."),
]
Threshold = Annotated[
    float | None,
    typer.Option("--threshold", help="Probability (SAM 3: score) below which a pixel goes to the background class."),
]
Snap = Annotated[str | None, typer.Option("--snap", help="Average over segments of the image: felzenszwalb or slic.")]
AtGsd = Annotated[
    float | None, typer.Option("--at-gsd", metavar="METRES", help="Show pixels to the model at this ground size.")
]
AsLabels = Annotated[
    bool,
    typer.Option("--as-labels", help="Make labels to train with: unsure pixels are nodata; also NAME.legend.yaml."),
]
MinConfidence = Annotated[
    float | None,
    typer.Option("--min-confidence", help="Less probable pixels become nodata (with --as-labels 0.5 by default)."),
]
