"""What a protocol for heights hands back."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from landwright.bundles.card import ScoreCard
from landwright.errors import UsageError

IGNORE_RULE = (
    "Pixels without a reference height (nodata, NaN, above 450 m) are not scored. Pixels without a prediction are not "
    "scored either, but counted as unmapped."
)


class HeightRow(BaseModel):
    """Errors over a kind of pixels, pooled.

    Attributes:
        name: Kind of pixels, by their reference height or class.
        kind: What they are chosen by: ``all``, ``above`` 3 m, ``range`` of heights or ``class``.
        pixels: Number of them.
        share: Share of all pixels scored, 0..1.
        mae: Mean absolute error in metres, or None where there is no pixel.
        rmse: Root of the mean squared error in metres.
        bias: Mean of prediction minus reference in metres.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    kind: str
    pixels: int
    share: float
    mae: float | None
    rmse: float | None
    bias: float | None


class HeightSet(BaseModel):
    """Figures of one set of images.

    Attributes:
        name: The set.
        images: Images that each category counts.
        values: Named figures; ``None`` where undefined.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    images: dict[str, int]
    values: dict[str, float | None]


class HeightResult(BaseModel):
    """Height scores with their protocol.

    Attributes:
        protocol: Name of the protocol.
        description: How pixels, images and sets are pooled.
        values: Named figures over all sets; errors in metres, shares in 0..1, ``None`` where undefined.
        rows: Pooled errors by kinds of pixels; empty where a protocol does not pool.
        sets: Figures per set of images.
        ignore_rule: What happens to pixels without a reference or a prediction.
        images: Number of images.
        pixels: Pixels scored.
        unmapped: Pixels with a reference but without a prediction.
        notes: Facts that a reader of the figures must know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    protocol: str
    description: str
    values: dict[str, float | None]
    rows: tuple[HeightRow, ...] = ()
    sets: tuple[HeightSet, ...] = ()
    ignore_rule: str = IGNORE_RULE
    images: int
    pixels: int
    unmapped: int = 0
    notes: tuple[str, ...] = ()

    @property
    def unmapped_share(self) -> float:
        """Share of the reference pixels that have no prediction, 0..1."""
        return self.unmapped / (self.pixels + self.unmapped) if self.unmapped else 0.0

    @property
    def sentence(self) -> str:
        """The protocol in words, to be printed beside every figure."""
        images = f"{self.images} {'image' if self.images == 1 else 'images'}"
        sets = f" in {len(self.sets)} sets" if len(self.sets) > 1 else ""
        return f"Protocol {self.protocol}: {self.description} {images}{sets}, {self.pixels:,} pixels."

    def figure(self, name: str) -> float | None:
        """Return one figure by name, such as ``mae`` or ``mae_high``.

        Raises:
            UsageError: The protocol has no such figure.
        """
        if name not in self.values:
            raise UsageError(
                f"protocol {self.protocol!r} has no figure {name!r}", remedy=f"Use one of {', '.join(self.values)}"
            )
        return self.values[name]

    def card(self, data: str) -> ScoreCard:
        """Return the entry for a model bundle's card.

        Args:
            data: What was scored, such as ``val part, 16 tiles``.
        """
        values = {name: value for name, value in self.values.items() if value is not None}
        return ScoreCard(protocol=self.protocol, data=data, values=values)
