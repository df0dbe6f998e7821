"""Bars of what is prepared before the first step."""

from __future__ import annotations

import pytest

from landwright.regimes.preparation import preparing, watched


def test_a_bar_is_on_standard_error_where_it_is_watched(capsys: pytest.CaptureFixture[str]) -> None:
    with preparing("cakes", 3) as advance:
        advance(1, 3)
    assert capsys.readouterr() == ("", "")
    with watched(True):
        with preparing("cakes", 3) as advance:
            advance(2, 3)
        out, err = capsys.readouterr()
        assert (out, "cakes" in err, "2/3" in err) == ("", True, True)
        with watched(False), preparing("cakes", 3):
            pass
    with preparing("cakes", 3):
        pass
    assert capsys.readouterr() == ("", "")
