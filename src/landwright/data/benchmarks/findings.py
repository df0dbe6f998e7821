"""Look through a benchmark set for what corrupts a score without an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from landwright.data.benchmarks.description import Benchmark
from landwright.data.benchmarks.picture import Picture, read_picture
from landwright.errors import DataError
from landwright.legends.lookup import IGNORE, UNKNOWN

_SHOWN: Final = 3
_ENOUGH: Final = 20
_PALETTE: Final = "labels have a palette: converters with a current Pillow save wrong values so"


@dataclass(frozen=True)
class Findings:
    """What a benchmark set on disk looks like.

    Attributes:
        benchmark: Its name.
        root: The folder that was looked at.
        pairs: Images with labels.
        expected: Their number in the complete set, where published.
        names: Names of the classes in index order.
        pixels: Pixels of each class, in index order.
        ignored: Pixels that are ignored.
        constant: Labels with one class only.
        problems: What makes scores wrong.
        warnings: What may, and what a user should know.
    """

    benchmark: str
    root: Path
    pairs: int
    expected: int | None
    names: tuple[str, ...]
    pixels: tuple[int, ...]
    ignored: int
    constant: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether no problem was found; warnings do not count."""
        return not self.problems

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each class of the labelled pixels, in index order."""
        labelled = max(sum(self.pixels), 1)
        return tuple(count / labelled for count in self.pixels)

    @property
    def ignored_share(self) -> float:
        """Share of all pixels that is ignored."""
        return self.ignored / max(sum(self.pixels) + self.ignored, 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **vars(self),
            "root": str(self.root),
            "shares": dict(zip(self.names, self.shares, strict=True)),
            "ignored_share": self.ignored_share,
            "ok": self.ok,
        }


def check_benchmark(
    benchmark: Benchmark, root: Path, *, progress: Callable[[int, int], None] | None = None
) -> Findings:
    """See `Benchmark.check`."""
    pairs = benchmark.pairs(root)
    look = _Look(benchmark, np.zeros(256, np.int64))
    for number, (image, label) in enumerate(pairs, 1):
        look.add(image, label)
        if progress:
            progress(number, len(pairs))
    problems, warnings = _say(look.problems, len(pairs)), _say(look.warnings, len(pairs))
    # Of a few pairs a histogram says little: what is odd in them is a warning.
    enough = len(pairs) >= min(benchmark.expected or _ENOUGH, _ENOUGH)
    (problems if enough else warnings).extend(look.unlikely())
    complete = benchmark.expected is not None and len(pairs) >= benchmark.expected
    if missing := [benchmark.names[index] for index in benchmark.must_occur if not look.histogram[index]]:
        sentence = f"no pixel is labelled {', '.join(missing)}, which the complete set holds"
        (problems if complete else warnings).append(sentence)
    if 1 < len(pairs) == look.constant:
        sure = benchmark.suite == "ovss8" or enough
        (problems if sure else warnings).append("every label holds one class only")
    elif look.constant > benchmark.constant * len(pairs) > 1:
        warnings.append(f"{look.constant} of {len(pairs)} labels hold one class only")
    if benchmark.expected is not None and len(pairs) != benchmark.expected:
        warnings.append(f"there are {len(pairs)} pairs, {benchmark.expected} are published: scores are not comparable")
    if benchmark.note:
        warnings.append(benchmark.note)
    return Findings(
        benchmark.name,
        root,
        len(pairs),
        benchmark.expected,
        benchmark.names,
        tuple(look.histogram[: benchmark.classes].tolist()),
        int(look.histogram[IGNORE]),
        look.constant,
        tuple(problems),
        tuple(warnings),
    )


@dataclass
class _Look:
    """What was seen so far.

    `histogram` counts class indices as labels hold them, with those of ignored and unknown values.
    """

    benchmark: Benchmark
    histogram: NDArray[np.int64]
    constant: int = 0
    problems: dict[str, list[str]] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)

    def add(self, image: Path, label: Path) -> None:
        try:
            picture, mask = read_picture(image), read_picture(label)
        except DataError as error:
            self.problems.setdefault(error.problem, []).append(str(error.path))
            return
        self._see_image(picture)
        if mask.shape != picture.shape:
            self.problems.setdefault("labels have another size than their image", []).append(label.name)
        self._see_label(mask)

    def unlikely(self) -> list[str]:
        """What a histogram cannot be."""
        counts = self.histogram[: self.benchmark.classes]
        labelled, everything = int(counts.sum()), int(self.histogram.sum())
        if not everything:
            return []
        if not labelled:
            return ["no pixel has a label"]
        found = []
        for index, (least, most) in self.benchmark.shares.items():
            share = counts[index] / labelled
            if not least <= share <= most:
                name = self.benchmark.names[index]
                found.append(f"{name} has {share:.1%} of the labelled pixels; {least:.1%} to {most:.1%} is plausible")
        least, most = self.benchmark.ignored
        ignored = self.histogram[IGNORE] / everything
        if not least <= ignored <= most:
            found.append(f"{ignored:.1%} of all pixels are ignored; {least:.1%} to {most:.1%} is plausible")
        return found

    def _see_image(self, picture: Picture) -> None:
        grey = self.benchmark.grey
        fault = picture.fault_of_image()
        if fault and not (grey == "usual" and len(picture.bands) == 1):
            self.problems.setdefault(f"images are not of three bands, the first {fault}", []).append(picture.path.name)
        elif picture.is_grey and grey != "usual":
            kind = self.problems if grey == "refuse" else self.warnings
            kind.setdefault("images are grey: their three bands are equal", []).append(picture.path.name)

    def _see_label(self, mask: Picture) -> None:
        if len(mask.bands) != 1:
            self.problems.setdefault("labels have several bands, as colour masks do", []).append(mask.path.name)
            return
        if mask.palette is not None:
            self.warnings.setdefault(_PALETTE, []).append(mask.path.name)
        codes = mask.codes()
        indices = self.benchmark.indices(codes)
        counts = np.bincount(indices.ravel(), minlength=256)
        self.histogram += counts
        if counts[UNKNOWN]:
            lossy = " and are JPEG files, which change values" if mask.driver == "JPEG" else ""
            self.problems.setdefault(f"labels hold values that the set does not have{lossy}", []).append(
                f"{mask.path.name} {self.benchmark.describe_strange(codes[indices == UNKNOWN]).partition(': ')[2]}"
            )
        elif mask.driver == "JPEG":
            self.warnings.setdefault("labels are JPEG files, which change values", []).append(mask.path.name)
        self.constant += np.count_nonzero(counts[: self.benchmark.classes]) == 1


def _say(found: dict[str, list[str]], pairs: int) -> list[str]:
    return [f"{what} ({len(names)} of {pairs}: {_shown(names)})" for what, names in found.items()]


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return "; ".join(names[:_SHOWN]) + more
