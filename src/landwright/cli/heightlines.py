"""Height scores as lines of text."""

from __future__ import annotations

from landwright.evaluation import HeightResult
from landwright.evaluation.heights.published import CATEGORIES, RATIOS

_METRICS = ("mae", "rmse", "log10", "delta1", "delta2", "delta3")
_OVERALL = "all sets"


def height_lines(result: HeightResult) -> list[str]:
    """Return the scores of one protocol for people, with the protocol in words.

    Args:
        result: Scores of heights.
    """
    unmapped = [f"{result.unmapped_share:.1%} of the reference is not mapped."] if result.unmapped else []
    words = [result.sentence, result.ignore_rule, *result.notes, *unmapped]
    if not result.rows:
        return [*_published(result), *words]
    figures = "   ".join(f"{name} {_text(value)}" for name, value in result.values.items())
    width = max(len(row.name) for row in result.rows)
    lines = [f"{'reference':<{width}}       MAE      RMSE      bias         pixels"]
    for row in result.rows:
        values = "  ".join(f"{_text(value):>8}" for value in (row.mae, row.rmse, row.bias))
        lines.append(f"{row.name:<{width}}  {values}  {row.pixels:>13,}")
    return [figures, *words, "", *lines]


def _published(result: HeightResult) -> list[str]:
    """One line per set and category, and the F1 of each set."""
    entries = [(of.name, of.images, of.values) for of in result.sets]
    if len(entries) > 1:
        entries.append((_OVERALL, {}, result.values))
    width = max(len(name) for name, _, _ in entries)
    lines = [f"{'set':<{width}}  above  images  {'  '.join(f'{metric:>8}' for metric in _METRICS)}"]
    for name, images, values in entries:
        for category, metres in CATEGORIES.items():
            figures = "  ".join(f"{_text(values[f'{metric}_{category}']):>8}" for metric in _METRICS)
            lines.append(f"{name:<{width}}  {metres:>3.0f} m  {images.get(category, ''):>6}  {figures}")
    for name, _, values in entries:
        scores = "   ".join(
            f"f1({ratio:.4g}) {_text(values[f'f1_{place}'])}" for place, ratio in enumerate(RATIOS, start=1)
        )
        lines.append(f"{name:<{width}}  {scores}")
    return lines


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
