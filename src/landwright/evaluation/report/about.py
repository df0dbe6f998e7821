"""What a report says besides the scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from landwright.bundles.card import Card


@dataclass(frozen=True)
class About:
    """What a report says besides the scores.

    Attributes:
        title: Heading.
        data: What was scored, as one line.
        model: Facts on the model, by name.
        settings: How the map was made, by name.
        run: Run folder whose training curves are shown, if there is one.
    """

    title: str
    data: str
    model: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    run: Path | None = None


def model_facts(card: Card) -> dict[str, str]:
    """Return the card's facts that a reader of scores needs."""
    options = ", ".join(f"{name}={value}" for name, value in card.network.options.items())
    gsd = "unknown" if card.gsd is None else " to ".join(dict.fromkeys(f"{value:g}" for value in card.gsd)) + " m"
    facts = {
        "Model": card.name,
        "Network": f"{card.network.name} ({options})" if options else card.network.name,
        "Trained with": card.regime,
        "Bands": ", ".join(card.bands),
        "Pixel size in training": gsd,
        "Legend": f"{card.legend.name}, {len(card.legend)} classes",
        "Licence of the weights": card.licence or "not stated",
        "Weights (SHA-256)": card.weights_sha256,
        "Recipe (SHA-256)": card.recipe_hash,
        "Made": card.created,
    }
    return {name: value for name, value in facts.items() if value}
