from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from landwright.evaluation.suite import (
    PairResult,
    Settings,
    Table,
    build_table,
    load_published,
    load_suite,
    write_table,
)

SUITE = load_suite("ovss8")
PUBLISHED = load_published(SUITE)
ENVIRONMENT = {"landwright": "0", "torch": "2"}


@pytest.fixture
def build(settings: Callable[..., Settings], result: Callable[..., PairResult]) -> Callable[..., Table]:
    """A table of models with their changes of settings, over some data sets."""

    def table(*models: dict[str, Any], datasets: tuple[str, ...] = SUITE.datasets, **more: Any) -> Table:
        results = [
            result(settings(name, **model), 0.3 + 0.05 * place, notes=(f"a note on {name}",))
            for model in models
            for place, name in enumerate(datasets)
        ]
        return build_table(SUITE, results, PUBLISHED, ENVIRONMENT, **more)

    return table


def test_whole_suite(build: Callable[..., Table]) -> None:
    table = build({"model": "clip-b16"}, {"model": "mine", "published": None})
    clip, mine = table.rows
    values = [value for value in clip.miou.figures.values() if value is not None]
    assert len(values) == 8
    assert clip.miou.mean == pytest.approx(sum(values) / 8)
    assert clip.line("foreground").mean != clip.line("miou").mean
    assert clip.missing == ()
    assert [(one.table, one.same, one.mean) for one in clip.published] == [
        ("RS-OVSS", True, 32.28),
        ("SegEarth-OV", False, 39.2),
    ]
    assert clip.published[1].figures["isaid"] == 21.7
    assert mine.published == ()
    assert table.meaning.startswith("mIoU over all classes")
    assert table.notes[0] == "openearthmap: a note on openearthmap"
    assert len(table.notes) == 8


def test_some_data_sets(build: Callable[..., Table]) -> None:
    table = build({}, datasets=("loveda", "vdd"), failures=["clip-b16 on uavid failed: why"])
    (row,) = table.rows
    assert row.miou.mean == pytest.approx(sum(row.miou.figures[name] or 0 for name in ("loveda", "vdd")) / 2)
    assert row.miou.figures["isaid"] is None
    assert row.published[0].mean is None
    assert row.published[0].figures["loveda"] == 29.62
    assert row.published[0].figures["isaid"] is None
    assert "the mean is that of 2 of 8 data sets" in table.notes[0]
    assert table.notes[-1] == "clip-b16 on uavid failed: why"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"attention": "maskclip"}, [("SegEarth-OV", "MaskCLIP", False)]),
        ({"preset": "segearth-ov"}, [("RS-OVSS", "CLIP", False), ("SegEarth-OV", "SegEarth-OV", True)]),
        ({"activation": "gelu"}, [("RS-OVSS", "CLIP", False), ("SegEarth-OV", "SegEarth-OV", False)]),
        ({"published": "cosmos-b16", "attention": "sclip", "fixed": True}, [("RS-OVSS", "COSMOS", True)]),
        ({"published": "cosmos-b16", "attention": "sclip"}, []),
        ({"zoom": 2.0}, [("RS-OVSS", "CLIP", False), ("SegEarth-OV", "SegEarth-OV", False)]),
        ({"published": "clip-l14"}, []),
    ],
)
def test_what_stands_beside(
    build: Callable[..., Table], changes: dict[str, Any], wanted: list[tuple[str, str, bool]]
) -> None:
    (row,) = build(changes).rows
    assert [(one.table, one.method, one.same) for one in row.published] == wanted


def test_written_files(tmp_path: Path, build: Callable[..., Table], settings: Callable[..., Settings]) -> None:
    thresholds = {"thresholds": (0.1, *[0.3] * 6), "preset": "segearth-ov"}
    table = build({}, {"model": "a|b<c", **thresholds}, datasets=("loveda",))
    page = write_table(tmp_path, table)
    assert page == tmp_path / "table.html"
    stored = json.loads((tmp_path / "table.json").read_text())
    assert Table.model_validate(stored) == table
    assert stored["unit"] == "percent"
    text, html = (tmp_path / "table.md").read_text(), page.read_text()
    ours = f"{table.rows[0].miou.mean:.2f}"
    for written in (text, html):
        assert f"{ours} (1 of 8)" in written
        assert "published: RS-OVSS, CLIP" in written
        assert "preset rs-ovss, attention segearth, activation quick_gelu, no thresholds" in written
        assert "(as ours)" in written
        assert "(not as ours)" in written
        assert "probability threshold 0" in written
        assert "0.1 to 0.3, below it background" in written
        assert "IoU without the background class" in written
        assert "a note on loveda" in written
        assert "35.44" in written
        assert "39.2 |" in written or "39.2<" in written
    assert "**a\\|b<c**" in text
    assert "a|b&lt;c" in html
    assert len({line.count("|") for line in text.replace("\\|", "").splitlines() if line.startswith("|")}) == 1


def test_single_class_suite(tmp_path: Path, settings: Callable[..., Settings], result: Any) -> None:
    suite = load_suite("ovss-single")
    fitting = settings("inria", suite="ovss-single", preset="segearth-ov", thresholds=(0.6, 0.6))
    one = result(fitting, 0.5)
    table = build_table(suite, [one], load_published(suite), ENVIRONMENT)
    (row,) = table.rows
    assert one.scores is not None
    assert row.line(table.figure).figures["inria"] == pytest.approx(100 * (one.scores.classes[1].iou or 0))
    assert row.thresholds == {"inria": "0.6, below it background"}
    assert [(line.method, line.same) for line in row.published] == [
        ("SegEarth-OV", True),
        ("SegEarth-OV, images of 896", False),
    ]
    text = write_table(tmp_path, table).with_suffix(".md").read_text()
    assert text.index("## IoU without the background class") < text.index("## mIoU over all classes")


def test_notes_of_the_suite(settings: Callable[..., Settings], result: Any) -> None:
    suite = load_suite("ovss-single")
    table = build_table(suite, [result(settings("xbd", suite="ovss-single"))], load_published(suite), ENVIRONMENT)
    assert any(note.startswith("xbd: ") and "bias 0" in note for note in table.notes)


def test_nothing_to_score(settings: Callable[..., Settings], result: Any) -> None:
    """A data set without any labelled pixel has no figure, and does not enter the mean."""
    empty = result(settings(), matrix=((0,) * 7,) * 7).finished()
    table = build_table(SUITE, [empty], PUBLISHED, ENVIRONMENT)
    assert table.rows[0].miou.mean is None
    assert table.rows[0].missing == tuple(name for name in SUITE.datasets if name != "loveda")
