"""What published training scripts feed their networks: bands and input scaling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from landwright.bundles.card import IMAGENET_MEAN, IMAGENET_STD, Normalization

COLOURS = ("red", "green", "blue")
NAIP = (*COLOURS, "near infrared")
NAIP_MEAN, NAIP_STD = (117.67, 130.39, 121.52, 162.92), (39.25, 37.82, 24.24, 60.03)
POLAND_MEAN, POLAND_STD = (106.13, 110.64, 95.32), (45.93, 38.80, 33.04)
BYTE_MEAN, BYTE_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""ImageNet's constants for values of 0 to 255."""
MIDDLE = 127.0


@dataclass(frozen=True)
class Inputs:
    """The input of a checkpoint.

    Attributes:
        bands: Names of the bands in order.
        normalization: Input scaling.
        words: What the scaling is and where it comes from, for the user to check.
    """

    bands: tuple[str, ...]
    normalization: Normalization
    words: str


def imagenet_inputs(bands: int) -> Inputs:
    """Return what scripts expect that divide by 255 and use ImageNet's constants, in turn for more than three bands."""
    mean, std = (tuple(islice(cycle(values), bands)) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return Inputs(
        _names(bands, COLOURS),
        Normalization(mean=mean, std=std),
        "ImageNet's mean and standard deviation after division by 255, as published",
    )


def paraformer_inputs(bands: int) -> Inputs:
    """Return what Paraformer's script expects for a number of bands: constants of the data that it was made for.

    Four bands: NAIP in the Chesapeake set, as published. Three: the Poland set, as its users give it; the published
    script has no figures for it. Else 127 and 127, which the author's later work uses for other sensors.
    """
    if bands == len(NAIP):
        source = "NAIP's mean and standard deviation in the Chesapeake set, as published for four bands"
        return Inputs(NAIP, Normalization(divide=1, mean=NAIP_MEAN, std=NAIP_STD), source)
    if bands == len(COLOURS):
        source = "mean and standard deviation of the Poland set, as a third party gives them for three bands"
        return Inputs(COLOURS, Normalization(divide=1, mean=POLAND_MEAN, std=POLAND_STD), source)
    source = "(value - 127) / 127, as in the author's later work with other sensors"
    scaling = Normalization(divide=1, mean=(MIDDLE,) * bands, std=(MIDDLE,) * bands)
    return Inputs(_names(bands, COLOURS), scaling, source)


def rs3dada_inputs(bands: int) -> Inputs:
    """Return what RS3DAda's script expects: values of 0 to 255 and ImageNet's constants, in turn for more bands."""
    mean, std = (tuple(islice(cycle(values), bands)) for values in (BYTE_MEAN, BYTE_STD))
    return Inputs(
        _names(bands, COLOURS),
        Normalization(divide=1, mean=mean, std=std),
        "ImageNet's mean and standard deviation for values of 0 to 255, as published",
    )


def _names(bands: int, known: Sequence[str]) -> tuple[str, ...]:
    return tuple(known) if bands == len(known) else tuple(f"band-{number}" for number in range(1, bands + 1))
