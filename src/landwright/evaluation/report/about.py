"""What a report says besides the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from landwright.bundles.card import Card
from landwright.bundles.cardfile import CARD, read_card
from landwright.evaluation.findings import Pair
from landwright.evaluation.heights.findings import HeightPair
from landwright.evaluation.maptags import map_facts


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


def about_maps(pairs: Sequence[Pair | HeightPair], run: Path | None) -> About:
    """Return heading and facts of a comparison of finished maps.

    Args:
        pairs: At least one map with its reference.
        run: Run folder whose training curves and model are shown.
    """
    model, settings = map_facts(pairs[0].map)
    if run is not None:
        model = model_facts(read_card(run / "bundle" / CARD))
    first = pairs[0]
    if len(pairs) == 1:
        return About(
            f"{first.map.name} against {first.reference.name}",
            f"Map {first.map}, reference {first.reference}",
            model=model,
            settings=settings,
            run=run,
        )
    return About(
        f"{len(pairs)} maps against their references",
        f"Maps {first.map} to {pairs[-1].map.name}, references {first.reference} to {pairs[-1].reference.name}",
        model=model,
        settings=settings,
        run=run,
    )
