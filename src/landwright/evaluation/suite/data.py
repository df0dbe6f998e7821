"""A data set as a suite needs it: files, words, and a fingerprint by which a changed folder is noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landwright.data.benchmarks import Benchmark, benchmark
from landwright.errors import DataError
from landwright.evaluation.suite.result import Making, Settings, described, fingerprint
from landwright.legends.vocabulary import Vocabulary, load_vocabulary


@dataclass(frozen=True)
class SuiteData:
    """One data set on disk.

    Attributes:
        benchmark: What it is.
        root: Folder that holds its folder.
        pairs: Images with their labels, sorted.
        fault: Why there are no pairs, if something is wrong with the folder.
    """

    benchmark: Benchmark
    root: Path
    pairs: tuple[tuple[Path, Path], ...]
    fault: DataError | None = None

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.benchmark.name

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Classes and their words."""
        return load_vocabulary(self.benchmark.vocabulary)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names and sizes of all files; a file changed in place at the same size is not noticed."""
        files = [file for pair in self.pairs for file in pair]
        return fingerprint([f"{file.name} {file.stat().st_size}" for file in files])

    def settings(self, suite: str, making: Making) -> Settings:
        """Return what the figures of a model on this data set depend on."""
        words = self.vocabulary
        return Settings(
            suite=suite,
            dataset=self.name,
            making=making,
            classes=words.names,
            words=described(words),
            background=words.background,
            thresholds=words.thresholds if making.thresholded else (),
            images=len(self.pairs),
            data=self.fingerprint,
        )

    def check(self, progress: Callable[[int, int], None] | None = None) -> tuple[str, ...]:
        """Look through all images and labels.

        Args:
            progress: Called with the numbers of finished and of all pairs.

        Returns:
            What a reader of the figures should know.

        Raises:
            DataError: Something makes scores wrong.
        """
        if self.fault is not None:
            raise self.fault
        found = self.benchmark.check(self.root, progress=progress)
        if not found.ok:
            raise DataError(
                f"{self.name} fails its integrity check: {'; '.join(found.problems)}",
                path=self.root,
                remedy=f"Make it anew with `landwright data prepare {self.name}`",
            )
        return found.warnings

    def read(self, image: Path, label: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Read one pair.

        Returns:
            RGB (H, W, 3), and class indices (H, W) with 255 where there is no reference.

        Raises:
            DataError: A file cannot be read, or holds what it should not.
        """
        return self.benchmark.read_image(image), self.benchmark.read_label(label)


def find_data(name: str, root: Path) -> SuiteData:
    """Find a data set below a folder.

    A folder that is there and holds something wrong is no error yet, but the data set's fault when it is run.

    Args:
        name: Name of the data set.
        root: Folder that holds the folders of the data sets.

    Raises:
        UsageError: There is no such data set.
        DataError: Its folder is not there.
    """
    found = benchmark(name)
    if not any((root / folder).is_dir() for folder in found.folders):
        raise DataError(
            f"there is no folder of {name}: looked for {', '.join(found.folders)}",
            path=root,
            remedy=f"Make it with `landwright data prepare {name}`, or choose other data sets with --datasets",
        )
    try:
        return SuiteData(found, root, tuple(found.pairs(root)))
    except DataError as error:
        return SuiteData(found, root, (), error)
