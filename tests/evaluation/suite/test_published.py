from __future__ import annotations

import pytest
from pydantic import ValidationError

from landwright.evaluation.suite import PublishedTable, load_published, load_suite
from landwright.words.registry import list_models, model_info

NOT_WIRED = {"georsclip-b16"}
"""In the published table, but without published weights."""


@pytest.mark.parametrize("name", ["ovss8", "ovss-single"])
def test_tables_fit_their_suite(name: str) -> None:
    suite = load_suite(name)
    for table in load_published(suite):
        assert set(table.datasets) == set(suite.datasets)
        assert table.figure == suite.figure
        for row in table.rows:
            assert row.model in {*list_models(), *NOT_WIRED}


def test_published_means() -> None:
    """A figure that was read or typed wrongly would move the mean."""
    for table in load_published(load_suite("ovss8")):
        for row in table.rows:
            known = [value for value in row.figures if value is not None]
            assert len(known) == 8
            # The means of SegEarth-OV's table were made from figures that were not rounded yet.
            assert sum(known) / 8 == pytest.approx(row.mean, abs=0.011 if table.digits == 2 else 0.11), row.method


def test_known_figures() -> None:
    rs_ovss, segearth = load_published(load_suite("ovss8"))
    row = next(row for row in rs_ovss.rows if row.model == "farslip1-b16")
    assert rs_ovss.by_dataset(row)["isaid"] == 19.76
    assert (row.mean, row.preset) == (35.44, "rs-ovss")
    row = segearth.rows[-1]
    assert segearth.by_dataset(row)["isaid"] == 21.7
    assert row.sentence() == "preset segearth-ov, attention segearth, activation quick_gelu"
    (single,) = load_published(load_suite("ovss-single"))
    assert single.by_dataset(single.rows[-1])["whu-satellite"] is None
    assert single.rows[0].sentence().startswith("settings not all stated")


def test_published_activations() -> None:
    """The registry and the table say the same of what RS-OVSS evaluated with."""
    for row in load_published(load_suite("ovss8"))[0].rows:
        if row.activation and row.model not in NOT_WIRED:
            info = model_info(row.model)
            assert row.activation == (info.reference_activation or info.activation), row.model
        if row.attention == "own":
            assert model_info(row.model).attention


def test_beside() -> None:
    rows = load_published(load_suite("ovss8"))[0].rows
    clip = next(row for row in rows if row.model == "clip-b16")
    assert clip.beside("clip-b16", "segearth", fixed=False)
    assert not clip.beside("clip-b16", "maskclip", fixed=False)
    assert not clip.beside("clip-b32", "segearth", fixed=False)
    cosmos = next(row for row in rows if row.model == "cosmos-b16")
    assert cosmos.beside("cosmos-b16", "sclip", fixed=True)
    assert not cosmos.beside("cosmos-b16", "sclip", fixed=False)
    assert cosmos.sentence().endswith("its own attention, activation not stated")


def test_a_figure_too_few() -> None:
    table = load_published(load_suite("ovss8"))[0].model_dump()
    table["rows"][0]["figures"] = table["rows"][0]["figures"][1:]
    with pytest.raises(ValidationError, match="7 figures for 8 data sets"):
        PublishedTable.model_validate(table)
