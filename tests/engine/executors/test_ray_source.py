"""Reading ahead, without Ray."""

from functools import cache
from pathlib import Path

import pytest

from landwright.engine.executors.ray_source import Reader, RemoteSource
from landwright.errors import DataError
from landwright.rasters import Window
from landwright.runs import Block


class Ray:
    """Computes when asked for the result, and knows how many were asked for and not fetched."""

    def __init__(self):
        self.waiting, self.most = set(), 0

    def get(self, reference):
        self.waiting.discard(reference)
        return reference()

    def handle(self, reader):
        return Handle(self, reader)


class Handle:
    def __init__(self, ray, reader):
        self._ray, self._reader = ray, reader

    def __getattr__(self, name):
        return Method(self._ray, getattr(self._reader, name))


class Method:
    def __init__(self, ray, method):
        self._ray, self._method = ray, method

    def remote(self, *args):
        @cache
        def reference():
            return self._method(*args)

        self._ray.waiting.add(reference)
        self._ray.most = max(self._ray.most, len(self._ray.waiting))
        return reference


@pytest.fixture
def opened(new_job):
    """Return a function that gives a job, what stands for Ray, and a source."""

    def make(**fields):
        job, ray = new_job(**fields), Ray()
        return job, ray, RemoteSource(ray, ray.handle(Reader(job, None, Path.cwd())))

    return make


def test_rows_are_read_once_and_not_far_ahead(opened, fakejob, tmp_path):
    job, ray, source = opened()
    assert (source.shape, source.bands, source.info.width) == ((30, 30), (1,), 30)
    mapper = fakejob.FakeMapper(job, source)
    for block in (Block(0, 0, 0, 10, 0, 10), Block(1, 0, 10, 20, 0, 10), Block(1, 1, 10, 20, 10, 20)):
        source.until = block.row1
        mapper.read(block)
    rows = [tuple(map(int, text.split("+"))) for _, text in job.seen("read")]
    assert sum(height for _, height in rows) == 14 + 18 + 18
    assert ray.most == 2


def test_another_place_drops_what_was_asked_for(opened, fakejob):
    _, _, source = opened()
    source.until = 30
    source.read_with_valid(Window(0, 0, 10, 10))
    pixels, _ = source.read_with_valid(Window(5, 10, 10, 10))
    assert (pixels == fakejob.expected(5, 15, 10)).all()
    pixels, _ = source.read_with_valid(Window(15, 10, 3, 10))
    assert (pixels == fakejob.expected(15, 18, 10)).all()
    pixels, _ = source.read_with_valid(Window(18, 10, 12, 10))
    assert (pixels == fakejob.expected(18, 30, 10)).all()


def test_an_error_of_the_reader_is_raised_here(opened):
    _, _, source = opened(fault="unreadable")
    for _ in range(2):
        with pytest.raises(DataError, match=r"a\.tif: cannot be read"):
            source.read_with_valid(Window(0, 0, 10, 10))
