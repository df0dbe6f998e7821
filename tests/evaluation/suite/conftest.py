"""Pairs, a model that needs no network, and data sets of a few pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from landwright.data.benchmarks import benchmark
from landwright.evaluation.suite import Making, PairResult, Settings
from landwright.evaluation.suite.data import SuiteData
from landwright.legends.vocabulary import Vocabulary, load_vocabulary

MAKING = Making(
    model="clip-b16",
    published="clip-b16",
    weights="a" * 64,
    architecture="ViT-B-16",
    activation="quick_gelu",
    preset="rs-ovss",
    attention="segearth",
    residual=False,
    sigma=1.0,
    bias=0.0,
    upsampler="none",
    templates="imagenet80",
    thresholded=False,
    resize=448,
    crop=224,
    stride=112,
    window="native",
    scale=50.0,
)


@pytest.fixture
def making() -> Making:
    return MAKING


@pytest.fixture
def settings(making: Making) -> Callable[..., Settings]:
    """Settings of a pair; the fields of the making may be given along."""

    def build(dataset: str = "loveda", **changes: Any) -> Settings:
        of_making = {key: changes.pop(key) for key in list(changes) if key in Making.model_fields}
        words = load_vocabulary(dataset)
        values: dict[str, Any] = {
            "suite": "ovss8",
            "dataset": dataset,
            "making": making.model_copy(update=of_making),
            "classes": words.names,
            "words": tuple(entry.synonyms for entry in words.classes),
            "background": words.background,
            "thresholds": (),
            "images": 3,
            "data": "b" * 64,
        }
        return Settings(**(values | changes))

    return build


@pytest.fixture
def result() -> Callable[..., PairResult]:
    """A finished pair whose classes are found with the given share, the rest being taken for the next class."""

    def build(settings: Settings, right: float = 0.5, **changes: Any) -> PairResult:
        size = len(settings.classes)
        matrix = torch.zeros(size, size, dtype=torch.int64)
        hits = round(100 * right)
        for place in range(size):
            matrix[place, place] += hits
            matrix[place, (place + 1) % size] += 100 - hits
        rows = tuple(map(tuple, matrix.tolist()))
        begun = PairResult(settings=settings, done=settings.images, matrix=rows, seconds=1.0, version="0")
        return begun.finished().model_copy(update=changes)

    return build


class Knowing:
    """A model that reads the class from the red channel, and is stopped or fails where it is told to."""

    def __init__(self, making: Making, stop: int | None = None, error: BaseException | None = None) -> None:
        self.making = making
        self.seen: list[int] = []
        self.vocabularies: list[str] = []
        self.stop, self.error = stop, error
        self.opened = 0

    @property
    def name(self) -> str:
        return self.making.model

    def open(self) -> Knowing:
        self.opened += 1
        return self

    def classifier(self, vocabulary: Vocabulary) -> Callable[[np.ndarray], np.ndarray]:
        self.vocabularies.append(vocabulary.name)

        def classify(image: np.ndarray) -> np.ndarray:
            if self.stop is not None and len(self.seen) == self.stop:
                self.stop = None
                raise self.error or KeyboardInterrupt
            self.seen.append(int(image[0, 0, 1]))
            return image[..., 0]

        return classify


@pytest.fixture
def knowing() -> Callable[..., Knowing]:
    return Knowing


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SuiteData]:
    """A data set of small pairs whose images hold the class in red and their number in green."""

    def build(name: str = "udd5", images: int = 4) -> SuiteData:
        found = benchmark(name)
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        classes, pairs = found.classes, []
        codes = {index: value for value, index in found.values.items()}
        for place in range(images):
            reference = np.random.default_rng(place).integers(0, classes, (8, 10)).astype(np.uint8)
            red = reference.copy()
            red[0] = (red[0] + 1) % classes
            image = np.stack([red, np.full_like(red, place), np.arange(80, dtype=np.uint8).reshape(8, 10)], -1)
            values = np.vectorize(codes.__getitem__)(reference).astype(np.uint8)
            pairs.append((folder / f"{place}.png", folder / f"{place}_label.png"))
            Image.fromarray(image).save(pairs[-1][0])
            Image.fromarray(values).save(pairs[-1][1])
        monkeypatch.setattr(SuiteData, "check", lambda self, progress=None: (f"a note on {self.name}",))
        return SuiteData(found, tmp_path / "data", tuple(pairs))

    return build
