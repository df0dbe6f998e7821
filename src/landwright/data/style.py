"""Synthetic images in the look of real ones: three ways that need no network, one of them drawn per image.

Published with RS3DAda through a library that works on 8 bits and cuts after every step. Here nothing is rounded, bands
are any number, and values are those of the sensor; but for that cutting the results are the published ones.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from skimage import exposure
from torch.nn.functional import interpolate

from landwright.recipe import SyntheticSpec

Image = NDArray[np.float32]
"""(C, H, W) in sensor units."""

Pixels = NDArray[np.float32]
"""(C, N) in sensor units."""

LEVELS = 65535


def restyle(
    image: Image,
    model: Image,
    spec: SyntheticSpec,
    rng: np.random.Generator,
    *,
    full: float,
    valid: NDArray[np.bool_] | None = None,
    model_valid: NDArray[np.bool_] | None = None,
) -> Image:
    """Give an image the look of another, by one of the recipe's ways or not at all.

    Args:
        image: Float32 (C, H, W) in sensor units.
        model: Float32 (C, h, w) in the same units, of any size.
        spec: The recipe's section ``synthetic``: which ways, for which share of images, and how strong.
        rng: Source of all randomness.
        full: Largest value of the sensor, such as 255; results stay between 0 and this.
        valid: Bool (H, W): the pixels of ``image`` that count, all by default. Others keep their values.
        model_valid: Bool (h, w): the pixels of ``model`` that count, all by default.

    Returns:
        Float32 (C, H, W). An image is left as it is where it or its model has no valid pixel.
    """
    if not spec.style or rng.random() >= spec.style_share:
        return image
    way = spec.style[int(rng.integers(len(spec.style)))]
    share = float(rng.uniform(*spec.style_blend))
    beta = float(rng.uniform(0, spec.fda_beta))
    flat = image.reshape(len(image), -1)
    chosen = _chosen(valid)
    seen, wanted = flat[:, chosen], model.reshape(len(model), -1)[:, _chosen(model_valid)]
    if not (seen.size and wanted.size):
        return image
    if way == "fda":
        changed = fda(_filled(image, valid), _filled(model, model_valid), beta).reshape(flat.shape)[:, chosen]
    else:
        matched = match_histograms(seen, wanted) if way == "hm" else match_statistics(seen, wanted).clip(0, full)
        changed = share * matched + (1 - share) * seen
    result = flat.copy()
    result[:, chosen] = changed.clip(0, full)
    return result.reshape(image.shape)


def fda(image: Image, model: Image, beta: float) -> Image:
    """Take the amplitudes of low frequencies from another image and keep the phases (Fourier domain adaptation).

    Yang and Soatto, "FDA", CVPR 2020.

    Args:
        image: Float32 (C, H, W).
        model: Float32 (C, h, w); resampled to the size of ``image`` where it has another.
        beta: Half side of the square of frequencies, as a share of the image's shorter side. With 0 it is the mean of
            every band alone.

    Returns:
        Float32 (C, H, W), not clipped.
    """
    size = image.shape[1:]
    ours, theirs = torch.from_numpy(image), torch.from_numpy(model)
    if model.shape[1:] != size:
        theirs = interpolate(theirs[None], size, mode="bilinear", align_corners=False)[0]
    spectrum, other = torch.fft.rfft2(ours), torch.fft.rfft2(theirs)
    reach = int(min(size) * beta)
    rows, columns = torch.fft.fftfreq(size[0], 1 / size[0]), torch.fft.rfftfreq(size[1], 1 / size[1])
    low = (rows.abs() < reach + 0.5)[:, None] & (columns < reach + 0.5)
    spectrum[:, low] = torch.polar(other[:, low].abs(), spectrum[:, low].angle())
    changed: Image = torch.fft.irfft2(spectrum, s=size).numpy()
    return changed


def match_histograms(pixels: Pixels, model: Pixels) -> Pixels:
    """Give every band the histogram of another image's.

    Args:
        pixels: Float32 (C, N).
        model: Float32 (C, M).

    Returns:
        Float32 (C, N). Values are told apart in 65536 steps at most, whole numbers up to that many always.
    """
    low = float(min(pixels.min(), model.min()))
    spread = float(max(pixels.max(), model.max())) - low
    if spread == 0:
        return pixels
    # A power of two, so that whole numbers stay whole. Sorting floats would take several times as long.
    step = 2.0 ** math.ceil(math.log2(spread / LEVELS))
    ours, theirs = (((values - low) / step).astype(np.uint16) for values in (pixels, model))
    matched = exposure.match_histograms(ours, theirs, channel_axis=0)
    result: Pixels = matched.astype(np.float32) * np.float32(step) + np.float32(low)
    return result


def match_statistics(pixels: Pixels, model: Pixels) -> Pixels:
    """Give every band the mean and the standard deviation of another image's (pixel distribution adaptation).

    Args:
        pixels: Float32 (C, N).
        model: Float32 (C, M).

    Returns:
        Float32 (C, N), not clipped; a band of one value gets the other's mean.
    """
    ours = torch.from_numpy(pixels)
    deviation, mean = torch.std_mean(ours, 1, correction=0, keepdim=True)
    wanted_deviation, wanted_mean = torch.std_mean(torch.from_numpy(model), 1, correction=0, keepdim=True)
    scale = wanted_deviation / torch.where(deviation > 0, deviation, 1.0)
    result: Pixels = ((ours - mean) * scale + wanted_mean).numpy()
    return result


def _chosen(valid: NDArray[np.bool_] | None) -> slice | NDArray[np.bool_]:
    """Return an index of pixels in a row; a slice copies nothing."""
    return slice(None) if valid is None or valid.all() else valid.reshape(-1)


def _filled(image: Image, valid: NDArray[np.bool_] | None) -> Image:
    """Return an image with the mean of every band where it is not valid: no edge that would show in its spectrum."""
    if valid is None or valid.all():
        return image
    return np.where(valid, image, image[:, valid].mean(1)[:, None, None])
