"""How often tags occur, and together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_FEW: Final = 2
"""Images with a class from which it is said what it never comes without: one image says nothing of that."""
_MOST: Final = 3
"""Remarks on such classes at most."""


@dataclass(frozen=True)
class TagCounts:
    """Counts of tags over images.

    Attributes:
        names: Classes in the legend's order, T of them.
        images: Number of images.
        counts: int64 (T,): images with each tag.
        together: int64 (T, T): images with both tags; the diagonal is ``counts``.
        combinations: The sets of tags with the number of their images, the most frequent first; names in the legend's
            order.
        without: Images without any tag, sorted.
    """

    names: tuple[str, ...]
    images: int
    counts: NDArray[np.int64]
    together: NDArray[np.int64]
    combinations: tuple[tuple[tuple[str, ...], int], ...]
    without: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Tags per image; 0 without images."""
        return float(self.counts.sum() / self.images) if self.images else 0.0

    @property
    def everywhere(self) -> tuple[str, ...]:
        """Classes that every image has."""
        return tuple(name for name, count in zip(self.names, self.counts, strict=True) if count == self.images > 0)

    @property
    def nowhere(self) -> tuple[str, ...]:
        """Classes that no image has."""
        return tuple(name for name, count in zip(self.names, self.counts, strict=True) if count == 0)

    def notes(self, background: str | None) -> tuple[str, ...]:
        """Return remarks on what hinders learning from these tags.

        Args:
            background: The class that no tag names, or None for a legend without one.
        """
        notes = [
            f"{name} is in every image: tags alone cannot tell where it is; smaller images would help"
            for name in self.everywhere
        ]
        notes += self._inseparable()
        if self.nowhere:
            notes.append(f"no image has {', '.join(self.nowhere)}: nothing is learnt of it")
        if self.without:
            alone = f"{background} alone" if background else "nothing can be learnt from them: leave them out"
            notes.append(f"{len(self.without)} of {self.images} images have no tag: {alone}")
        return tuple(notes)

    def _inseparable(self) -> list[str]:
        """Remarks on classes that no image tells apart; those of the most images come first."""
        usual = [place for place, count in enumerate(self.counts) if _FEW <= count < self.images]
        usual.sort(key=lambda place: -self.counts[place])
        # Row by row: the classes that are in every image with this one.
        beside = {
            place: [other for other in usual if self.together[place, other] == self.counts[place]] for place in usual
        }
        notes = []
        for place in usual:
            number = self.counts[place]
            same = [other for other in beside[place] if self.counts[other] == number]
            more = [other for other in beside[place] if self.counts[other] > number]
            if same[0] != place:
                continue
            if len(same) > 1:
                notes.append(
                    f"{self._listed(same)} always come together, in {number} images: tags alone cannot tell them apart"
                )
            if more:
                notes.append(f"every one of the {number} images with {self._listed(same)} has {self._listed(more)} too")
        return notes[:_MOST]

    def _listed(self, places: Sequence[int]) -> str:
        names = [self.names[place] for place in sorted(places)]
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "images": self.images,
            "tags_per_image": round(self.mean, 4),
            "counts": dict(zip(self.names, self.counts.tolist(), strict=True)),
            "together": self.together.tolist(),
            "combinations": [{"tags": list(tags), "images": count} for tags, count in self.combinations],
            "without": list(self.without),
        }


def tag_counts(tags: Mapping[str, frozenset[str]], names: Sequence[str]) -> TagCounts:
    """Count tags.

    Args:
        tags: Tags by image, as :func:`landwright.data.tags.read_tags` returns them.
        names: The classes that can be tags, in the legend's order.
    """
    table = np.array([[name in said for name in names] for said in tags.values()], np.int64).reshape(-1, len(names))
    sets = Counter(tuple(name for name in names if name in said) for said in tags.values())
    return TagCounts(
        tuple(names),
        len(tags),
        table.sum(axis=0),
        table.T @ table,
        tuple(sorted(sets.items(), key=lambda item: (-item[1], item[0]))),
        tuple(sorted(image for image, said in tags.items() if not said)),
    )
