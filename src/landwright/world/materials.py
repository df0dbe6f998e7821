"""What the ground is made of: land cover, colour and texture of every surface that is neither roof nor crown."""

from __future__ import annotations

from typing import NamedTuple

BARE, RANGE, DEVELOPED, ROAD, TREE, WATER, FIELD, BUILDING = range(1, 9)  # codes of the legend openearthmap-8


class Material(NamedTuple):
    """A surface.

    Attributes:
        code: Land cover (openearthmap-8).
        colour: Red, green, blue and near infrared in sunlight, 0..255.
        fine: Contrast of the texture of about a metre, relative.
        patchy: Contrast of the patches of several metres, relative.
        broad: Contrast of the slow changes over tens of metres, relative.
        dry: How far patches turn from green to straw (vegetation) or from light to rusty (soil), 0..1.
    """

    code: int
    colour: tuple[float, float, float, float]
    fine: float
    patchy: float
    broad: float
    dry: float = 0.0


MATERIALS: dict[str, Material] = {
    "lawn": Material(RANGE, (99, 119, 68, 190), 0.07, 0.07, 0.05, 0.25),
    "meadow": Material(RANGE, (116, 123, 79, 175), 0.09, 0.10, 0.08, 0.42),
    "straw": Material(RANGE, (146, 139, 100, 150), 0.09, 0.10, 0.08, 0.30),
    "scrub": Material(RANGE, (132, 126, 94, 140), 0.15, 0.12, 0.07, 0.28),
    "litter": Material(RANGE, (84, 86, 56, 130), 0.16, 0.14, 0.06, 0.35),
    "paving": Material(DEVELOPED, (161, 156, 148, 165), 0.05, 0.06, 0.05, 0.05),
    "concrete": Material(DEVELOPED, (178, 174, 166, 180), 0.05, 0.07, 0.05, 0.04),
    "yard": Material(DEVELOPED, (148, 143, 135, 155), 0.07, 0.10, 0.06, 0.10),
    "parking": Material(DEVELOPED, (112, 112, 113, 110), 0.04, 0.07, 0.04),
    "gravel": Material(DEVELOPED, (176, 166, 148, 180), 0.08, 0.06, 0.05, 0.10),
    "court": Material(DEVELOPED, (148, 88, 70, 150), 0.03, 0.03, 0.02),
    "asphalt": Material(ROAD, (94, 95, 98, 92), 0.04, 0.06, 0.05),
    "lane": Material(ROAD, (119, 117, 113, 115), 0.05, 0.07, 0.05),
    "soil": Material(BARE, (166, 144, 117, 180), 0.06, 0.06, 0.07, 0.12),
    "rubble": Material(BARE, (156, 144, 127, 165), 0.12, 0.10, 0.06, 0.08),
    "sand": Material(BARE, (196, 178, 146, 205), 0.05, 0.06, 0.05, 0.15),
    "desert": Material(BARE, (190, 166, 134, 195), 0.07, 0.08, 0.07, 0.15),
    "crag": Material(BARE, (146, 138, 128, 150), 0.16, 0.16, 0.06, 0.06),
    "wheat": Material(FIELD, (178, 161, 100, 170), 0.05, 0.05, 0.05, 0.10),
    "maize": Material(FIELD, (82, 112, 56, 200), 0.07, 0.05, 0.05, 0.12),
    "beet": Material(FIELD, (104, 132, 64, 205), 0.06, 0.05, 0.06, 0.15),
    "plough": Material(FIELD, (136, 112, 88, 140), 0.07, 0.06, 0.07, 0.15),
    "water": Material(WATER, (54, 74, 74, 22), 0.03, 0.03, 0.04),
    "sea": Material(WATER, (44, 78, 92, 18), 0.04, 0.03, 0.05),
    "pool": Material(WATER, (96, 176, 190, 40), 0.03, 0.03, 0.0),
}
NAMES = tuple(MATERIALS)
CROPS = ("wheat", "maize", "beet", "plough")
WET = ("water", "sea", "pool")
