"""``landwright inspect --tags``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from landwright.cli.inspect import inspect
from landwright.rasters import write_cog


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "160")
    app = typer.Typer()
    app.command()(inspect)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "abcd":
        write_cog(tmp_path / "img" / f"{name}.tif", np.zeros((3, 16, 16), np.uint8))
    lines = ["a,building;tree", "b,building", "c,building;tree", "d,car"]
    (tmp_path / "tags.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "short.csv").write_text("\n".join(lines[:3]) + "\n")
    return tmp_path


def test_tables(run, folder: Path) -> None:
    result = run(folder / "img", "--tags", folder / "tags.csv", "--legend", "isprs-6")
    assert result.exit_code == 0, result.output
    for text in (
        "4 images, 1.50 tags each",
        "75.0%",
        "images with both",
        "2 building",
        "the most frequent of 3 sets",
        "building; tree",
        "note: every one of the 2 images with tree has building too",
        "note: no image has impervious surface, low vegetation, clutter: nothing is learnt of it",
    ):
        assert text in result.output, text


def test_one_line_of_json(run, folder: Path) -> None:
    result = run(folder / "img", "--tags", folder / "tags.csv", "--legend", "isprs-6", "--json")
    (line,) = result.stdout.splitlines()
    found = json.loads(line)
    assert (found["counts"]["building"], found["counts"]["tree"], found["without"]) == (3, 2, [])
    assert found["combinations"][0] == {"tags": ["building", "tree"], "images": 2}
    assert "every one of the 2 images with tree has building too" in found["notes"]


def test_images_without_tags(run, folder: Path) -> None:
    """What training would refuse is shown, and then is an error."""
    options = ("--tags", folder / "short.csv", "--legend", "isprs-6")
    result = run(folder / "img", *options)
    assert result.exit_code == 3
    for text in ("4 images, 1.25 tags each", "without a tag: d", "1 of 4 images have no tag: d", "Add a line for each"):
        assert text in result.output, text
    result = run(folder / "img", *options, "--json")
    assert result.exit_code == 3 and json.loads(result.stdout)["without"] == ["d"]
    assert "1 of 4 images have no tag: d" in result.stderr
    # With a background an image may be without tags, but it has to be named.
    background = ("--background", "impervious surface")
    assert run(folder / "img", *options, *background).exit_code == 3
    with (folder / "short.csv").open("a") as file:
        file.write("d,\n")
    result = run(folder / "img", *options, *background)
    assert result.exit_code == 0, result.output
    assert "1 of 4 images have no tag: impervious surface alone" in result.output


def test_a_class_without_tags(run, folder: Path) -> None:
    options = ("--background", "impervious surface", "--json")
    result = run(folder / "img", "--tags", folder / "tags.csv", "--legend", "isprs-6", *options)
    assert "impervious surface" not in json.loads(result.stdout)["counts"]


def test_options_that_do_not_fit(run, folder: Path) -> None:
    images, tags = folder / "img", folder / "tags.csv"
    for options in ((), ("--legend", "isprs-6", "--labels", images)):
        result = run(images, "--tags", tags, *options)
        assert result.exit_code == 2 and "--tags go with --legend, and without --labels" in result.output
    (folder / "tags.csv").write_text("a,bilding\n")
    result = run(images, "--tags", tags, "--legend", "isprs-6")
    assert result.exit_code == 3 and "Did you mean building?" in result.output
