"""A model, an image and settings, made ready once to map the whole or any block of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
from affine import Affine

from landwright.bundles import Bundle, available
from landwright.engine.area import AreaReader
from landwright.engine.channels import Channels
from landwright.engine.clock import Clock
from landwright.engine.compiled import check_compile
from landwright.engine.counts import Counts
from landwright.engine.finite import FiniteReader
from landwright.engine.fit import check_sums, fit_batch, map_bytes, sum_bytes
from landwright.engine.manifest import manifest_of
from landwright.engine.memory import give_back
from landwright.engine.options import PredictOptions
from landwright.engine.plan import plan
from landwright.engine.products import class_specs, height_specs
from landwright.engine.protocols import Progress, Reader, Scorer, Source, Summing, just_do
from landwright.engine.queries import asked, check_words, query_rule_of
from landwright.engine.resized import map_resized, remarks_on_size
from landwright.engine.score import PixelScorer, Precision, device_named, settle_precision
from landwright.engine.shown import map_shown
from landwright.engine.sources import open_source
from landwright.engine.stream import Part, map_windows
from landwright.engine.tags import provenance
from landwright.engine.threads import Threads
from landwright.engine.words import WordOptions, find_model
from landwright.engine.zoom import settle_windows
from landwright.errors import DataError, UsageError
from landwright.maps import Model, Products, StripWriter
from landwright.maps.merging import PRODUCTS
from landwright.rasters import PACKERS, RasterInfo, atomic_output, shown
from landwright.rasters.gdal import settings
from landwright.runs import Block, Manifest, Run

TALLY = "tally.json"
"""File of a block that says what happened to its pixels."""


@dataclass(frozen=True)
class Job:
    """A map to be made: all that another process needs to make blocks of it.

    Attributes:
        bundle: The model: a bundle's folder, hub id or published name, or a loaded bundle; None is the default one of
            words.
        images: The rasters to map.
        options: How.
        words: What a model of words looks for, or None.
        run: Directory of the run that the blocks belong to, or its address, or None.
    """

    bundle: str | Bundle | None
    images: tuple[str, ...]
    options: PredictOptions
    words: WordOptions | None = None
    run: Path | str | None = None

    def load(self) -> Bundle:
        """Load the model.

        Raises:
            UsageError: It is unknown, or the words do not fit it.
            DataError: It is missing or damaged.
        """
        return find_model(self.bundle, self.words or WordOptions())

    @contextmanager
    def open(self, source: Source | None = None) -> Iterator[MapMaker]:
        """Load the model and open the images.

        Args:
            source: What is read instead of the images; the caller closes it.

        Raises:
            UsageError: An option does not fit.
            DataError: The model or an image is missing, damaged, or does not fit the other.
        """
        with ExitStack() as stack:
            maker = MapMaker(self.load(), self.images, self.options, stack, source)
            if self.run is not None:
                maker.join(Run.load(self.run))
            yield maker

    @contextmanager
    def open_source(self) -> Iterator[Source]:
        """Open the images alone, in a process that reads them for another.

        Raises:
            DataError: An image is missing, damaged, or does not fit the model.
        """
        with ExitStack() as stack:
            stack.enter_context(settings(self.images[0]))
            yield open_source(self.images, self.load().card, self.options, stack)[0]


class MapMaker:
    """Maps the whole of an image, or any block of it.

    Args:
        bundle: The model.
        images: The rasters to map.
        options: How.
        stack: Closes the files, and ends the threads.
        source: What is read instead of the images, or None.

    Attributes:
        plan: Which maps are made.
        remarks: What the user should know of the image.
        in_blocks: Whether blocks of it can be mapped. Not of an image that the model sees coarser than it is: that is
            read from top to bottom.
    """

    def __init__(
        self,
        bundle: Bundle,
        images: Sequence[str],
        options: PredictOptions,
        stack: ExitStack,
        source: Source | None = None,
    ) -> None:
        """Open the images, settle the windows and the maps."""
        self.bundle, self.images, self.options = bundle, tuple(images), options
        self._stack = stack
        card = bundle.card
        self.plan = plan(card, options)
        self._resize = check_words(bundle, options)
        if options.compile:
            check_compile(bundle.network, self._resize)
        # The one who only has others at work need not have the device himself.
        self._device = device_named(options.device)
        self.precision = settle_precision(bundle.network, options.precision, self._device)
        stack.enter_context(settings(self.images[0]))
        if source is None:
            source, self.remarks = open_source(self.images, card, options, stack)
        else:
            self.remarks = []
        self._source = source
        words = query_rule_of(bundle.network) is not None
        self._zoom, self.tiling, self._shape, self._shown = settle_windows(
            source, card, options, self._device.type, words=words
        )
        if self._resize:
            self.remarks += remarks_on_size(source.shape, self._resize)
        self.in_blocks = not self._resize and self._zoom >= 1
        if options.disagreement and not self.in_blocks:
            raise UsageError(
                "windows of images that the model sees smaller than they are cannot be compared pixel by pixel",
                path=shown(self.images[0]),
                remedy="Leave the disagreement out, or leave out what makes the image smaller",
            )
        self._channels = Channels(bundle, self.plan, options, self.tiling)

    @property
    def info(self) -> RasterInfo:
        """Grid of the map."""
        return self._source.info

    @property
    def device(self) -> str:
        """Where it is computed."""
        return str(self._device)

    def fit(self, width: int) -> None:
        """Choose how many windows go through the network together, where that is left to the memory.

        Args:
            width: Columns that are mapped at a time.

        Raises:
            UsageError: Not even one window fits, or the sums of a row of windows do not.
        """
        limit, batch = self.options.max_memory, self.options.batch
        if batch != "auto" and limit is None:
            return
        tile, scorer = self.tiling.tile, self._scorer
        if limit is not None:
            check_sums(scorer.channels, tile, width, limit, device=scorer.device)
        bands, usual = len(self._source.bands), self.tiling.batch
        if scorer.device.type == "cpu":
            itemsize = np.dtype(self.info.dtype).itemsize
            reserved = map_bytes(scorer.channels, tile, width, bands=bands, itemsize=itemsize)
        else:
            reserved = sum_bytes(scorer.channels, tile, width)
        found = fit_batch(scorer, tile=tile, bands=bands, usual=usual, limit=limit, reserved=reserved)
        self.tiling = replace(self.tiling, batch=found if batch in {None, "auto"} else min(found, usual))

    def manifest(self, block: int) -> Manifest:
        """Write down what the map depends on.

        Args:
            block: Side of a block in pixels.
        """
        return manifest_of(
            self.bundle,
            self.images,
            self.options,
            info=self.info,
            tiling=self.tiling,
            device=self._device,
            precision=self.precision,
            block=block,
        )

    def join(self, run: Run) -> None:
        """Take what the rasters are from a run, so that those of all its workers are alike; the first writes it down.

        Raises:
            UsageError: The run was begun for another kind of device.
            DataError: The run directory is damaged or cannot be written.
        """
        begun = run.manifest.settings
        if begun["device"] != self._device.type:
            raise UsageError(
                f"was begun for {begun['device']}, and this worker has {self._device.type}, which rounds otherwise",
                path=run.where,
                remedy="Say --device in all commands",
            )
        self.tiling = replace(self.tiling, batch=cast(int, begun["batch"]))
        self.precision = cast(Precision, begun["precision"])
        if run.store.create(PRODUCTS, self.products.model_dump_json(indent=1).encode()):
            return
        content = run.store.read(PRODUCTS)
        try:
            self.products = Products.model_validate_json(content or b"")
        except ValueError as error:
            raise DataError(
                f"has a damaged {PRODUCTS}", path=run.where, remedy="Remove the directory and start anew"
            ) from error

    @cached_property
    def products(self) -> Products:
        """The rasters of the map."""
        card, plan = self.bundle.card, self.plan
        tags = provenance(
            card,
            self._source,
            self.tiling,
            options=self.options,
            precision=self.precision,
            resize=self._resize,
            images=len(self.images),
        )
        specs = []
        if plan.legend is not None:
            options = self.options
            specs += class_specs(
                plan.legend,
                tags,
                confidence=options.confidence is not False,
                measure=options.measure,
                probabilities=options.probabilities,
                disagreement=options.disagreement,
            )
        if plan.heights:
            specs += height_specs(plan.heights, tags, spread=plan.spread, beside=plan.legend is not None)
        return Products(
            products=tuple(specs),
            legend=plan.legend,
            model=Model(name=card.name, weights_sha256=card.weights_sha256),
            created=datetime.now(UTC),
            as_labels=self.options.as_labels,
        )

    def map_whole(
        self,
        targets: Sequence[Path],
        texts: Mapping[Path, str],
        *,
        progress: Progress | None = None,
        clock: Clock | None = None,
    ) -> Counts:
        """Map the image; all files appear together at the end, or none.

        Args:
            targets: File of each product.
            texts: Files to write beside them, with their content.
            progress: Called now and then with the number of finished and of all pixels.
            clock: Measures the stages, or None.

        Raises:
            DataError: The image is damaged or holds nothing to map, or the map cannot be written.
        """
        with ExitStack() as stack:
            writers = self._writers(targets, None, stack)
            counts = self._run(writers, None, progress, clock)
            counts.check(shown(self.images[0]), self.options)
            for file, text in texts.items():
                stack.enter_context(atomic_output(file)).write_text(text, encoding="utf-8")
            # All that can fail is done before the first file takes its name.
            for writer in writers:
                writer.finish()
        return counts

    def work(self, block: Block, folder: Path) -> None:
        """Map one block: a raster for each product, and its counts; of a block with nothing to map the counts alone.

        Args:
            block: The block.
            folder: Where its files go.

        Raises:
            DataError: The image is damaged, or the map cannot be written.
        """
        targets = [folder / f"{spec.stem}.tif" for spec in self.products.products]
        try:
            with ExitStack() as stack:
                counts = self._run(self._writers(targets, block, stack), _part(block), None)
                if not counts.valid:
                    raise _NothingToMap
        except _NothingToMap:
            pass
        (folder / TALLY).write_text(json.dumps(counts.to_dict()), encoding="utf-8")
        give_back()

    def _writers(self, targets: Sequence[Path], block: Block | None, stack: ExitStack) -> list[StripWriter]:
        info = self.info
        height, width, transform, threads = info.height, info.width, info.transform, PACKERS
        if block is not None:
            # There may be a worker for every core; and what GDAL's threads keep would be there beside the next block.
            height, width, threads = block.height, block.width, 1
            transform = transform @ Affine.translation(block.col0, block.row0)
        specs = self.products.products
        return [
            stack.enter_context(
                spec.writer(target, width=width, height=height, crs=info.crs, transform=transform, threads=threads)
            )
            for spec, target in zip(specs, targets, strict=True)
        ]

    def _run(
        self, writers: Sequence[StripWriter], part: Part | None, progress: Progress | None, clock: Clock | None = None
    ) -> Counts:
        finite = FiniteReader(self._area, self.info.nodata, part)
        reader: Reader = finite
        if self.options.compile:
            self._scorer.compile()
        scorer: Scorer = self._scorer
        stems = (spec.stem for spec in self.products.products)
        sink, classes = self._channels.sinks(dict(zip(stems, writers, strict=True)))
        summing: Summing = just_do
        if clock is not None:
            reader, scorer, sink, progress, summing = clock.around(reader, scorer, sink, progress)
        if self._resize:
            tally = map_resized(
                self._area, reader, scorer, sink, self.tiling, self._resize, progress=progress, summing=summing
            )
        elif self._zoom < 1:
            tally = map_shown(reader, scorer, sink, self._shown, self._shape, progress=progress, summing=summing)
        else:
            tally = map_windows(
                reader,
                scorer,
                sink,
                self.tiling,
                part=part,
                progress=progress,
                summing=summing,
                threads=self._threads,
            )
        return Counts(
            valid=tally.valid,
            windows=tally.windows,
            skipped=tally.skipped,
            not_finite=finite.lost,
            **({} if classes is None else classes.counts()),
        )

    @cached_property
    def _threads(self) -> Threads:
        """Those beside the network's, for all blocks."""
        return self._stack.enter_context(Threads(self._device))

    @cached_property
    def _area(self) -> Reader:
        return self._source if self.options.aoi is None else AreaReader(self._source, Path(self.options.aoi))

    @cached_property
    def _scorer(self) -> PixelScorer:
        """The network on its device: not before something is mapped."""
        return PixelScorer(
            asked(self.bundle.network, self.tiling if self._resize else None),
            self.bundle.card.normalization,
            self._channels.heads,
            dates=max(1, self.plan.heights),
            device=available(self._device),
            precision=self.precision,
            augmentation=self.options.tta,
            zoom=max(1.0, self._zoom),
            refiner=self._channels.refiner(),
        )


class _NothingToMap(Exception):
    """A block has no valid pixel, so that its rasters are thrown away."""


def _part(block: Block) -> Part:
    return Part(block.row0, block.row1, block.col0, block.col1)
