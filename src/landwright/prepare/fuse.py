"""Fuse label products: a pixel gets the class that at least k of n products agree on.

The rule of SinoLC-1 (Li et al., ESSD 2023), whose labels are the pixels where three products of 10 m agree, with k
free: classes that one of the products lacks can be labelled with k below n.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landwright.errors import DataError, UsageError
from landwright.legends import IGNORE, Legend
from landwright.maps import CONFIDENCE_RAMP, class_style, map_files, ramp_style
from landwright.prepare.agreement import Agreement
from landwright.prepare.output import provenance, writers_of
from landwright.prepare.products import Product
from landwright.prepare.result import FuseResult, ProductUse
from landwright.rasters import LabelReader, RasterInfo, Window, atomic_output, open_labels, open_raster
from landwright.rasters.gdal import settings

_ROWS, _COLUMNS = 512, 1024
_MOST_PRODUCTS = 254

Progress = Callable[[int, int], None]


def fuse_products(
    products: Sequence[Product],
    legend: Legend,
    out: str | PathLike[str],
    *,
    k: int | None = None,
    like: str | PathLike[str] | None = None,
    agreement: str | PathLike[str] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> FuseResult:
    """Fuse label products into one label raster.

    A pixel has a class where at least k products vote for it and fewer for any other class (`count_votes`); elsewhere
    it is nodata. Products on another grid are warped (nearest). The files are cloud-optimized GeoTIFFs, the labels
    with the legend's codes and colours, the agreement with the votes of the leading class (0..n, 255 where no product
    has a label), and a QGIS style of each. Memory does not grow with the raster's height. The files appear together
    at the end; after an error or Ctrl-C there is none.

    Args:
        products: At least two products with their crosswalks to `legend`.
        legend: The classes wanted.
        out: The labels to write, ``.tif``.
        k: Votes that a label needs, 1..n; by default n: all agree.
        like: Raster whose grid the labels take; by default the first product.
        agreement: The votes to write; by default ``NAME_agreement.tif`` beside the labels.
        overwrite: Replace files that are there.
        progress: Called now and then with the number of finished and of all pixels.

    Returns:
        The files and how far the products agree.

    Raises:
        UsageError: If there are fewer than two products, or k is not 1..n, or a file is there already.
        DataError: If a product is missing or damaged, lies elsewhere, or holds codes that its legend does not have;
            if no pixel gets a label; or if the files cannot be written.
    """
    started = time.perf_counter()
    votes_needed = _check(products, k)
    files = map_files(out, True if agreement is None else agreement, word="agreement")
    grid_source = products[0].path if like is None else str(like)
    files.refuse_existing([grid_source, *(product.path for product in products)], overwrite=overwrite)
    with ExitStack() as stack:
        stack.enter_context(settings(grid_source))
        with open_raster(grid_source) as raster:
            grid = raster.info
        readers = [
            stack.enter_context(open_labels(product.path, product.own_legend(legend), grid)) for product in products
        ]
        tally = _Tally(len(legend), len(products))
        rule = Agreement([product.allowed(legend) for product in products], votes_needed)
        tags = provenance(products, legend, votes_needed, grid_source)
        writers = writers_of(files.rasters, legend, grid, tags)
        for writer in writers:
            stack.enter_context(writer)
        for labels, votes in _strips(readers, rule, tally, grid, progress):
            writers[0].write(legend.decode(labels))
            writers[1].write(votes)
        if not tally.classes.any():
            raise DataError(
                f"no pixel gets a label: nowhere do {votes_needed} of the {len(products)} products agree",
                remedy="Check that they show the same place and that each crosswalk fits its product, or lower k",
            )
        ramp = [(len(products) * percent / 100, colour) for percent, colour in CONFIDENCE_RAMP]
        for style, text in zip(files.styles, (class_style(legend), ramp_style(ramp, "votes")), strict=True):
            stack.enter_context(atomic_output(style)).write_text(text, encoding="utf-8")
        # All that can fail is done before the first file takes its name.
        for writer in writers:
            writer.finish()
    return FuseResult(
        path=files.rasters[0],
        agreement=files.rasters[1],
        styles=files.styles,
        legend=legend,
        k=votes_needed,
        width=grid.width,
        height=grid.height,
        classes=tuple(tally.classes.tolist()),
        votes=tuple(tally.votes.tolist()),
        products=tuple(
            ProductUse(
                product.path,
                None if product.crosswalk is None else product.crosswalk.name,
                reader.aligned,
                pixels / (grid.width * grid.height),
                reader.notes,
            )
            for product, reader, pixels in zip(products, readers, tally.labelled, strict=True)
        ),
        seconds=time.perf_counter() - started,
    )


class _Tally:
    """Pixels by class, by votes, and with a label of each product."""

    def __init__(self, classes: int, products: int) -> None:
        self.classes = np.zeros(classes, np.int64)
        self.votes = np.zeros(products + 1, np.int64)
        self.labelled = [0] * products

    def add(self, indices: Sequence[NDArray[np.uint8]], labels: NDArray[np.uint8], votes: NDArray[np.uint8]) -> None:
        self.classes += np.bincount(labels.ravel(), minlength=256)[: len(self.classes)]
        self.votes += np.bincount(votes.ravel(), minlength=256)[: len(self.votes)]
        for number, index in enumerate(indices):
            self.labelled[number] += int(np.count_nonzero(index != IGNORE))


def _strips(
    readers: Sequence[LabelReader], rule: Agreement, tally: _Tally, grid: RasterInfo, progress: Progress | None
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Class indices and votes, strip by strip from the top."""
    for row in range(0, grid.height, _ROWS):
        rows = min(_ROWS, grid.height - row)
        labels, votes = np.empty((2, rows, grid.width), np.uint8)
        for col in range(0, grid.width, _COLUMNS):
            window = Window(row, col, rows, min(_COLUMNS, grid.width - col))
            part = np.s_[:, col : col + window.width]
            indices = [reader.read(window) for reader in readers]
            labels[part], votes[part] = rule(indices)
            tally.add(indices, labels[part], votes[part])
            if progress:
                progress(row * grid.width + rows * (col + window.width), grid.height * grid.width)
        yield labels, votes


def _check(products: Sequence[Product], k: int | None) -> int:
    """The number of votes needed."""
    count = len(products)
    if not 2 <= count <= _MOST_PRODUCTS:
        raise UsageError(
            f"{count} product{'s' * (count != 1)} cannot be fused",
            remedy=f"Give at least two and at most {_MOST_PRODUCTS}",
        )
    files = [Path(product.path).resolve() for product in products]
    if twice := next((file for file in files if files.count(file) > 1), None):
        raise UsageError("is named twice and would vote twice", path=twice, remedy="Name every product once")
    if k is not None and not 1 <= k <= count:
        raise UsageError(
            f"{k} of {count} products cannot agree", remedy=f"Choose k from 1 to {count}; {count} means that all agree"
        )
    return count if k is None else k
