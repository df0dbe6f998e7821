"""What a protocol hands back: figures that cannot be separated from how they were measured."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from landwright.bundles.card import ScoreCard
from landwright.errors import UsageError
from landwright.evaluation.confusion import ClassScores

IGNORE_RULE = (
    "Pixels without a reference are not scored. Pixels without a prediction (no data in the image or the map) are not "
    "scored either, but counted as unmapped."
)


class ProtocolResult(BaseModel):
    """Scores with their protocol.

    Attributes:
        protocol: Name of the protocol.
        description: How pixels are pooled and what enters the means, as one or two sentences.
        values: Named figures in 0..1 (kappa in -1..1); ``None`` where undefined.
        per_class: Scores per class from the pooled matrix, in the order of the legend.
        in_mean: Classes that enter the means.
        left_out: Classes that do not, each with the reason.
        ignore_rule: What happens to pixels without a reference or a prediction.
        images: Number of images.
        pixels: Pixels scored.
        unmapped: Pixels with a reference but without a prediction, per reference class.
        unmapped_are_errors: Whether these are among the pixels scored, as errors.
        matrix: Pooled counts (K, K), rows reference, columns prediction.
        notes: Facts that a reader of the figures must know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    protocol: str
    description: str
    values: dict[str, float | None]
    per_class: tuple[ClassScores, ...]
    in_mean: tuple[str, ...]
    left_out: dict[str, str] = {}
    ignore_rule: str = IGNORE_RULE
    images: int
    pixels: int
    unmapped: tuple[int, ...]
    unmapped_are_errors: bool = False
    matrix: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def unmapped_share(self) -> float:
        """Share of the reference pixels that have no prediction, 0..1."""
        missing = sum(self.unmapped)
        return missing / (sum(map(sum, self.matrix)) + missing) if missing else 0.0

    @property
    def sentence(self) -> str:
        """The protocol in words, to be printed beside every figure."""
        parts = [f"Protocol {self.protocol}: {self.description}"]
        if self.per_class:
            parts.append(f"Means over {len(self.in_mean)} of {len(self.per_class)} classes: {', '.join(self.in_mean)}.")
        if self.left_out:
            parts.append("Not in the means: " + ", ".join(f"{k} ({v})" for k, v in self.left_out.items()) + ".")
        parts.append(f"{self.images} {'image' if self.images == 1 else 'images'}, {self.pixels:,} pixels.")
        return " ".join(parts)

    def figure(self, name: str) -> float | None:
        """Return one figure by name.

        Args:
            name: A key of ``values`` such as ``miou``, or ``iou.building`` for one class (also ``f1.``, ``precision.``
                and ``recall.``).

        Returns:
            The figure, or ``None`` where it is undefined.

        Raises:
            UsageError: The protocol has no such figure.
        """
        if name in self.values:
            return self.values[name]
        column, _, wanted = name.partition(".")
        found = next((row for row in self.per_class if row.name == wanted), None)
        if found is None or column not in {"iou", "f1", "precision", "recall"}:
            raise UsageError(
                f"protocol {self.protocol!r} has no figure {name!r}",
                remedy=f"Use one of {', '.join(self.values)}, or iou.CLASS, f1.CLASS, precision.CLASS, recall.CLASS",
            )
        value: float | None = getattr(found, column)
        return value

    def card(self, data: str) -> ScoreCard:
        """Return the entry for a model bundle's card.

        Args:
            data: What was scored, such as ``val part, 16 tiles``.
        """
        values = {name: value for name, value in self.values.items() if value is not None}
        return ScoreCard(protocol=self.protocol, data=data, values=values, classes=self.in_mean)
