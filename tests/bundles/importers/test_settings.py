import pytest

from landwright.bundles.importers.settings import count, number, switch
from landwright.errors import UsageError


def test_numbers():
    assert count("bands", "12") == 12


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "four", ""])
def test_other_things(text):
    with pytest.raises(UsageError, match=r"bands must be a whole number of at least 1"):
        count("bands", text)


def test_other_values():
    assert number("bias", "-0.3") == -0.3
    assert switch("residual", "TRUE")
    assert not switch("residual", "false")


@pytest.mark.parametrize("text", ["nan", "inf", "half", ""])
def test_no_numbers(text):
    with pytest.raises(UsageError, match="bias must be a number"):
        number("bias", text)


def test_no_switch():
    with pytest.raises(UsageError, match="residual must be true or false, not '1'"):
        switch("residual", "1")


def test_numbers_above_nothing():
    assert number("zoom", "0.5", positive=True) == 0.5
    with pytest.raises(UsageError, match="zoom must be above 0, not 0"):
        number("zoom", "0", positive=True)


def test_every_refusal_says_what_to_write():
    for refused in (lambda: count("context", "x"), lambda: number("bias", "x"), lambda: switch("residual", "x")):
        with pytest.raises(UsageError) as caught:
            refused()
        assert "--set" in caught.value.remedy
