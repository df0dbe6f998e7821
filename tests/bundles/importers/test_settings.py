import pytest

from landwright.bundles.importers.settings import count
from landwright.errors import UsageError


def test_numbers():
    assert count("bands", "12") == 12


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "four", ""])
def test_other_things(text):
    with pytest.raises(UsageError, match=r"bands must be a whole number of at least 1"):
        count("bands", text)
