"""The stages from tags to a map, as printed."""

from __future__ import annotations

from landwright.evaluation import Evaluation
from landwright.evaluation.tags import TagFindings


def tag_lines(evaluation: Evaluation, found: TagFindings) -> list[str]:
    """Return the three scores side by side, how tags were told, and what a reader of both must know.

    Args:
        evaluation: Scores of the map.
        found: Scores of the stages before it.
    """
    rows = {"CAM": found.cam[0], "pseudo label": found.pseudo[0], "map": evaluation.results[0]}
    names = list(evaluation.results[0].values)
    width = max(len(name) for name in rows)
    wide = max(7, *(len(name) for name in names))
    lines = [f"{'stage':<{width}}  " + "  ".join(f"{name:>{wide}}" for name in names)]
    for title, result in rows.items():
        lines.append(f"{title:<{width}}  " + "  ".join(f"{_text(result.values[name]):>{wide}}" for name in names))
    told = ", ".join(f"{row.name} {_text(row.ap)}" for row in found.precision if row.ap is not None)
    images = f"{found.images} {'image' if found.images == 1 else 'images'}"
    return [
        *lines,
        *found.rules,
        f"tag_ap {_text(found.tag_ap)}   average precision of the tags of {images}: {told or 'none occurs'}",
        *found.notes,
    ]


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
