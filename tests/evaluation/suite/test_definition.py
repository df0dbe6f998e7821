from __future__ import annotations

import pytest

from landwright.data.benchmarks import SUITES
from landwright.errors import UsageError
from landwright.evaluation.suite import list_suites, load_suite


def test_suites_are_those_of_the_benchmarks() -> None:
    assert list_suites() == ["ovss-single", "ovss8"]
    for name, datasets in SUITES.items():
        suite = load_suite(name)
        assert suite.name == name
        assert suite.datasets == datasets
    assert load_suite("ovss8").figure == "miou"
    assert load_suite("ovss-single").figure == "foreground"


def test_unknown_suite() -> None:
    with pytest.raises(UsageError, match="Did you mean ovss8"):
        load_suite("ovss9")
    with pytest.raises(UsageError, match="There are ovss-single, ovss8"):
        load_suite("coco")


def test_choose() -> None:
    suite = load_suite("ovss8")
    assert suite.choose(None) == suite.datasets
    assert suite.choose(["vdd", "loveda"]) == ("loveda", "vdd")
    with pytest.raises(UsageError, match=r"has no data set 'potsdm'.*potsdam"):
        suite.choose(["potsdm"])
    with pytest.raises(UsageError, match="no data set is named"):
        suite.choose([])
