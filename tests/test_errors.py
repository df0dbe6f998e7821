from pathlib import Path

import pytest

from landwright.errors import DataError, LandwrightError, PartialError, UsageError


def test_message_names_file_problem_and_remedy():
    error = DataError("is empty", path=Path("a.tif"), remedy="Choose another file")
    assert str(error) == "a.tif: is empty. Choose another file."
    assert (error.path, error.problem, error.remedy) == ("a.tif", "is empty", "Choose another file")


def test_message_without_file():
    assert str(UsageError("nothing to do!")) == "nothing to do!"


@pytest.mark.parametrize(("kind", "code"), [(UsageError, 2), (DataError, 3), (PartialError, 4), (LandwrightError, 3)])
def test_exit_codes(kind, code):
    assert kind("x").exit_code == code
