"""Cameras: the same light taken through other air, lenses, films and files."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from landwright.errors import UsageError
from landwright.world.noise import Floats, blur

Bands = tuple[float, float, float, float]
_LUMA = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], np.float32)  # JFIF, section 7


class Sensor(NamedTuple):
    """A camera and its weather; colours are red, green, blue and near infrared, 0..255.

    Attributes:
        veil: Share of the light that is replaced by that of the air, 0..1.
        air: Colour of the air.
        balance: Factor on every band.
        saturation: Factor on the distance of red, green and blue from their mean.
        contrast: Factor on the distance from mid-tone.
        gamma: Exponent; above 1 darkens.
        spread: Sigma of a further point spread in pixels.
        sampling: Pixels of the picture per sample of the camera, at least 1; samples are joined linearly.
        noise: Factor on the noise.
        grain: Sigma of the noise's blur in pixels, at constant strength; 0 = every pixel by itself.
        block: Step of a quantisation of 8 x 8 blocks as in a JPEG file, 0 = none.
    """

    veil: float = 0.0
    air: Bands = (0.0, 0.0, 0.0, 0.0)
    balance: Bands = (1.0, 1.0, 1.0, 1.0)
    saturation: float = 1.0
    contrast: float = 1.0
    gamma: float = 1.0
    spread: float = 0.0
    sampling: float = 1.0
    noise: float = 1.0
    grain: float = 0.0
    block: float = 0.0


SENSORS = {
    "default": Sensor(),
    # A summer day seen from far above: blue haze takes the contrast, and the gain that fights it shows the noise.
    "hazy": Sensor(veil=0.48, air=(148, 168, 196, 120), contrast=0.95, spread=0.35, noise=2.4),
    # Late light and a camera balanced for noon.
    "warm": Sensor(balance=(1.20, 1.02, 0.74, 1.05), gamma=0.80, saturation=1.1),
    # A satellite picture enlarged to the grid and kept as JPEG.
    "soft": Sensor(balance=(0.94, 1.02, 1.0, 1.0), contrast=0.88, spread=0.6, sampling=1.7, noise=0.6, block=7.0),
    # Scanned slide film, a little underexposed.
    "film": Sensor(
        balance=(0.92, 1.0, 1.04, 1.0), saturation=1.4, contrast=1.18, gamma=1.35, noise=2.6, grain=0.8
    ),
}  # fmt: skip


def get_sensor(name: str) -> Sensor:
    """Return a sensor by name.

    Raises:
        UsageError: There is no sensor of this name.
    """
    if name not in SENSORS:
        raise UsageError(f"unknown sensor {name!r} of the world", remedy=f"Choose one of {', '.join(SENSORS)}")
    return SENSORS[name]


def take(rng: np.random.Generator, light: Floats, sensor: Sensor, sigma: float, strength: float) -> NDArray[np.uint8]:
    """Take the picture.

    Args:
        rng: Stream of the date; every sensor draws the same numbers from it.
        light: What reaches the camera on a clear day, float32 (4, H, W), 0..255.
        sensor: The camera.
        sigma: Sigma of its point spread in pixels.
        strength: Standard deviation of its noise, before `Sensor.noise`.

    Returns:
        uint8 (4, H, W).
    """
    image = light if sensor == SENSORS["default"] else _tones(light, sensor)
    image = blur(image, float(np.hypot(sigma, sensor.spread)))
    if sensor.sampling > 1:
        image = _resample(image, sensor.sampling)
    noise = rng.standard_normal(image.shape, np.float32)
    if sensor.grain:
        noise = blur(noise, sensor.grain)
        noise /= noise.std()
    image += np.float32(strength * sensor.noise) * noise
    if sensor.block:
        image = _compress(image, sensor.block)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _tones(light: Floats, sensor: Sensor) -> Floats:
    """Air, colour balance, saturation, contrast and gamma; haze comes before everything that the camera does."""
    air, balance = (np.array(values, np.float32)[:, None, None] for values in (sensor.air, sensor.balance))
    image = (light * np.float32(1 - sensor.veil) + air * np.float32(sensor.veil)) * balance
    grey = image[:3].mean(0, keepdims=True)
    image[:3] = grey + (image[:3] - grey) * np.float32(sensor.saturation)
    image = np.float32(110) + (image - np.float32(110)) * np.float32(sensor.contrast)
    image = np.float32(255) * np.clip(image / np.float32(255), 0, 1) ** np.float32(sensor.gamma)
    return np.asarray(image, np.float32)


def _resample(image: Floats, step: float) -> Floats:
    """Keep one linear sample per ``step`` pixels, then go back to the grid."""
    for axis in (1, 2):
        size = image.shape[axis]
        count = max(2, round(size / step))
        scale = size / count
        samples = _linear(image, (np.arange(count) + 0.5) * scale - 0.5, axis)
        image = _linear(samples, (np.arange(size) + 0.5) / scale - 0.5, axis)
    return image


def _linear(image: Floats, places: NDArray[np.float64], axis: int) -> Floats:
    places = np.clip(places, 0, image.shape[axis] - 1)
    low = np.minimum(places.astype(np.intp), image.shape[axis] - 2)
    share = (places - low).astype(np.float32)
    share = share[:, None] if axis == 1 else share
    return np.asarray(np.take(image, low, axis) * (1 - share) + np.take(image, low + 1, axis) * share, np.float32)


def _compress(image: Floats, step: float) -> Floats:
    """Quantise the cosine transform of 8 x 8 blocks, colour more coarsely than light (ITU-T T.81, annex A.3)."""
    bands, height, width = image.shape
    padded = np.pad(image, ((0, 0), (0, -height % 8), (0, -width % 8)), mode="edge")
    padded[:3] = np.tensordot(_LUMA, padded[:3], 1)
    n = np.arange(8)
    basis = np.cos((2 * n[None] + 1) * n[:, None] * np.pi / 16) * np.where(n == 0, np.sqrt(1 / 8), 0.5)[:, None]
    basis = basis.astype(np.float32)
    table = (step * (1 + 0.5 * (n[:, None] + n[None]))).astype(np.float32)
    tables = np.stack([table * factor for factor in (1, 2, 2, 1)])[:bands, None, None].astype(np.float32)
    blocks = padded.reshape(bands, padded.shape[1] // 8, 8, padded.shape[2] // 8, 8).transpose(0, 1, 3, 2, 4)
    kept = np.rint(basis @ blocks @ basis.T / tables) * tables
    result = (basis.T @ kept @ basis).transpose(0, 1, 3, 2, 4).reshape(padded.shape)
    result[:3] = np.tensordot(np.linalg.inv(_LUMA).astype(np.float32), result[:3], 1)
    return np.asarray(result[:, :height, :width], np.float32)
