"""Random streams, random fields and small filters: everything the world needs from signal processing."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the random stream of one purpose, so that one part of the world can change without moving the others."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def field(rng: np.random.Generator, size: int, *, gsd: float, scale: float, slope: float) -> Floats:
    """Draw a Gaussian random field by shaping white noise in the Fourier domain.

    Args:
        rng: Random stream.
        size: Side in pixels.
        gsd: Metres per pixel.
        scale: Longest structure in metres; longer waves have equal power.
        slope: Fall of the power spectrum beyond it (0 = white, 4 = smooth hills).

    Returns:
        float32 (size, size), zero mean, unit variance.
    """
    rows = np.fft.fftfreq(size, gsd).astype(np.float32)[:, None]
    cols = np.fft.rfftfreq(size, gsd).astype(np.float32)[None]
    amplitude = (rows**2 + cols**2 + np.float32(scale**-2.0)) ** np.float32(-slope / 4)
    amplitude[0, 0] = 0
    spectrum = np.empty(amplitude.shape, np.complex64)
    spectrum.real = rng.standard_normal(amplitude.shape, np.float32)
    spectrum.imag = rng.standard_normal(amplitude.shape, np.float32)
    spectrum *= amplitude
    values = np.fft.irfft2(spectrum, s=(size, size)).astype(np.float32)
    return values / max(float(values.std()), 1e-12)


def blur(image: Floats, sigma: float) -> Floats:
    """Blur the last two axes with a Gaussian of ``sigma`` pixels (meant for a pixel or less); edges are repeated."""
    radius = max(1, round(2.5 * sigma))
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    for axis in (image.ndim - 2, image.ndim - 1):
        widths = [(radius, radius) if a == axis else (0, 0) for a in range(image.ndim)]
        padded = np.pad(image, widths, mode="edge")
        length = image.shape[axis]
        image = np.zeros_like(image)
        for offset, tap in enumerate(taps):
            window = [slice(None)] * image.ndim
            window[axis] = slice(offset, offset + length)
            image += tap * padded[tuple(window)]
    return image


def box_mean(values: Floats, radius: int) -> Floats:
    """Average a (H, W) array over squares of ``2 radius + 1`` pixels; edges are repeated."""
    side = 2 * radius + 1
    for axis in (0, 1):
        widths = [(radius + 1, radius) if a == axis else (0, 0) for a in (0, 1)]
        total = np.cumsum(np.pad(values, widths, mode="edge"), axis=axis, dtype=np.float64)
        upper, lower = (total[side:], total[:-side]) if axis == 0 else (total[:, side:], total[:, :-side])
        values = ((upper - lower) / side).astype(np.float32)
    return values
