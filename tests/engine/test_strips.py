from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from landwright.engine.strips import ahead, read_strips
from landwright.rasters.starts import starts


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    """Reads."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        yield thread


@pytest.mark.parametrize(("height", "width", "tile"), [(50, 7, 16), (50, 40, 16), (5, 40, 16), (16, 16, 16), (1, 1, 8)])
def test_strips_hold_the_raster_and_its_reflection(
    reader: Any, height: int, width: int, tile: int, thread: ThreadPoolExecutor
) -> None:
    rng = np.random.default_rng(0)
    image = reader(rng.random((2, height, width)), rng.random((height, width)) > 0.3)
    rows = starts(height, tile, 0.5)
    fill = ((0, max(0, tile - height)), (0, max(0, tile - width)))
    pixels = np.pad(image.pixels, ((0, 0), *fill), mode="reflect")
    valid = np.pad(image.valid, fill, mode="reflect")
    seen = []
    for strip in read_strips(image, rows, tile, max(tile, width), thread=thread):
        np.testing.assert_array_equal(strip.pixels, pixels[:, strip.row : strip.row + tile])
        np.testing.assert_array_equal(strip.valid, valid[strip.row : strip.row + tile])
        seen.append(strip.row)
    assert seen == rows
    assert sum(window.height for window in image.windows) == height, "no row is read twice"


def test_one_other_thread_reads_one_ahead(thread: ThreadPoolExecutor) -> None:
    threads, started = set(), []

    def work(item: int) -> int:
        threads.add(threading.get_ident())
        started.append(item)
        return item * item

    results = ahead(work, range(5), thread)
    assert next(results) == 0
    assert list(results) == [1, 4, 9, 16]
    assert started == [0, 1, 2, 3, 4]
    assert threading.get_ident() not in threads
    assert len(threads) == 1
    assert list(ahead(work, [], thread)) == []


def test_failures_of_reading_arrive(thread: ThreadPoolExecutor) -> None:
    def work(item: int) -> int:
        if item == 2:
            raise OSError("gone")
        return item

    with pytest.raises(OSError, match="gone"):
        list(ahead(work, range(4), thread))


def test_a_consumer_may_stop_early(thread: ThreadPoolExecutor) -> None:
    done = []

    def work(item: int) -> int:
        time.sleep(0.02)
        done.append(item)
        return item

    results = ahead(work, range(100), thread)
    next(results)
    results.close()
    assert done == [0, 1], "what was begun is done, and nothing else is"
