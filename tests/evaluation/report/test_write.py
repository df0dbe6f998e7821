from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from landwright.errors import DataError, UsageError
from landwright.evaluation.area import area_table
from landwright.evaluation.findings import Evaluation, Preview, SceneScore
from landwright.evaluation.protocols import create_protocol
from landwright.evaluation.report import About, check_report_folder, write_report
from landwright.evaluation.trained import TrainedOn
from landwright.legends import load_legend

LEGEND = load_legend("openearthmap-8")
ABOUT = About("A <title>", "two scenes", model={"Model": "m & m"}, settings={"Window": "512"})


class Links(HTMLParser):
    """Collects whatever the page would load, and checks that elements are closed."""

    def __init__(self):
        super().__init__()
        self.found, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in {"src", "href"}]
        if tag not in {"img", "meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def evaluation():
    random = np.random.default_rng(0)
    reference = random.integers(0, 6, (40, 50)).astype(np.uint8)
    prediction = np.where(random.random((40, 50)) < 0.8, reference, random.integers(0, 7, (40, 50))).astype(np.uint8)
    prediction[:5] = 255
    results = []
    for name in ("pixel-pooled", "clcformer-multiclass"):
        protocol = create_protocol(name, LEGEND.names)
        protocol.update(reference, prediction, name="a")
        results.append(protocol.compute())
    mapped = np.bincount(prediction.ravel(), minlength=256)[:8]
    scenes = tuple(
        SceneScore(name=n, map="m.tif", reference="r.tif", aligned="exact", pixels=9, oa=0.5, miou=None) for n in "ab"
    )
    area = area_table(results[0].matrix, mapped, LEGEND.names, pixel_m2=0.25)
    return Evaluation(results=tuple(results), area=area, scenes=scenes)


def preview(name="a", gsd=0.5, **extra):
    small = np.zeros((8, 9), np.uint8)
    return Preview(name, (80, 90), gsd, small, small, **extra)


def test_the_page_needs_nothing_else(evaluation, tmp_path):
    path = write_report(tmp_path / "report", evaluation, LEGEND, ABOUT, previews=[preview(), preview("b", None)])
    assert path == tmp_path / "report" / "index.html"
    page = path.read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert links.open == []
    assert links.found
    assert all(link.startswith("data:image/png;base64,") for link in links.found)
    assert not re.search(r"url\(|@import|<script|http", page)
    assert "A &lt;title&gt;" in page
    assert "m &amp; m" in page
    assert "45 x 40 m, 90 x 80 pixels of 0.5 m" in page
    assert "<small>90 x 80 pixels</small>" in page
    assert sorted(file.name for file in path.parent.iterdir()) == ["index.html", "metrics.json"]


def test_the_page_says_how_the_score_was_made(evaluation, tmp_path):
    page = write_report(tmp_path, evaluation, LEGEND, ABOUT).read_text(encoding="utf-8")
    assert evaluation.results[0].sentence in page
    assert "Not in the means: building (absent from reference and prediction)" in page
    assert "12.5% of the reference pixels are not mapped" in page
    assert "Protocol clcformer-multiclass" in page
    assert "drawn at random" in page
    assert "<h2>Maps</h2>" not in page
    assert "<h2>Training</h2>" not in page


def test_metrics_are_strict_json(evaluation, tmp_path):
    write_report(tmp_path, evaluation, LEGEND, ABOUT)

    def refuse(text):
        raise AssertionError(text)

    figures = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert figures["format"] == 1
    assert figures["classes"] == list(LEGEND.names)
    assert figures["scores"]["pixel-pooled"]["per_class"][7]["iou"] is None
    assert figures["scores"]["pixel-pooled"]["values"]["miou"] == pytest.approx(evaluation.results[0].values["miou"])
    assert figures["environment"]["landwright"]
    assert {figures[name] for name in ("merge", "merged_by", "crosswalk", "trained_on")} == {None}
    assert (
        Evaluation.model_validate(
            {"results": list(figures["scores"].values()), "area": figures["area"], "scenes": figures["scenes"]}
        )
        == evaluation
    )


def test_missed_pixels_and_tables_are_told(evaluation, tmp_path):
    legend = load_legend("chesapeake-4")
    protocol = create_protocol("chesapeake-4", legend.names)
    reference = np.arange(8, dtype=np.uint8).reshape(2, 4) % 4
    protocol.update(reference, np.where(reference == 3, 255, reference), name="a")
    result = protocol.compute()
    found = evaluation.model_copy(
        update={
            "results": (result,),
            "area": area_table(result.matrix, [1, 1, 1, 1], legend.names),
            "merge": "nlcd-to-chesapeake-4",
            "merged_by": "map",
            "crosswalk": "chesapeake-lc-to-chesapeake-4",
            "trained_on": TrainedOn(kind="inductive", images=2, seen=0),
        }
    )
    page = write_report(tmp_path, found, legend, ABOUT).read_text(encoding="utf-8")
    assert "25.0% of the reference pixels are not mapped and count as errors" in page
    assert "therefore not scored" not in page
    figures = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert (figures["merge"], figures["merged_by"]) == ("nlcd-to-chesapeake-4", "map")
    assert figures["crosswalk"] == "chesapeake-lc-to-chesapeake-4"
    known = {"kind": "inductive", "images": 2, "seen": 0, "why": "", "agreement": None, "adapted": None}
    assert figures["trained_on"] == known
    assert figures["heights"] is None


def test_pictures_of_what_there_is(evaluation, tmp_path):
    image = np.zeros((3, 8, 9), np.uint8)
    full = preview(image=image, confidence=image[0])
    page = write_report(tmp_path, evaluation, LEGEND, ABOUT, previews=[full]).read_text(encoding="utf-8")
    assert page.count("<figure>") == 5
    assert page.count("data:image/png;base64,") == 5


def test_areas_without_a_pixel_size_are_shares(evaluation, tmp_path):
    area = area_table(evaluation.results[0].matrix, [5, 5, 0, 0, 0, 0, 0, 0], LEGEND.names)
    shares = evaluation.model_copy(update={"area": area})
    page = write_report(tmp_path, shares, LEGEND, ABOUT).read_text(encoding="utf-8")
    assert "Mapped, % of map" in page
    assert "Mapped, m²" in write_report(tmp_path, evaluation, LEGEND, ABOUT).read_text(encoding="utf-8")


def test_a_report_may_be_replaced_and_nothing_else(evaluation, tmp_path):
    report, other = tmp_path / "report", tmp_path / "other"
    write_report(report, evaluation, LEGEND, ABOUT)
    write_report(report, evaluation, LEGEND, ABOUT)
    other.mkdir()
    check_report_folder(other)
    (other / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="holds no report"):
        write_report(other, evaluation, LEGEND, ABOUT)
    with pytest.raises(UsageError, match="is a file"):
        check_report_folder(other / "thesis.tex", force=True)
    write_report(other, evaluation, LEGEND, ABOUT, force=True)
    assert (other / "thesis.tex").read_text() == "years of work"


def test_nothing_half_written(evaluation, tmp_path, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(DataError, match="disk is full"):
        write_report(tmp_path / "report", evaluation, LEGEND, ABOUT)
    assert not (tmp_path / "report").exists()
