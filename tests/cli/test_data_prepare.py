import json

import numpy as np
import pytest
from typer.testing import CliRunner

from landwright.cli.main import app


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(app, ["data", *map(str, arguments)])


def test_prepare_and_check(miniatures, run, tmp_path):
    raw = miniatures.make_raw("vaihingen", tmp_path / "raw")
    result = run("prepare", "vaihingen", "--from", raw, "-o", tmp_path / "sets")
    assert result.exit_code == 0, result.output
    assert "3 images with labels (0 were there)" in result.stdout and "data check vaihingen" in result.stdout
    assert "note: The images are IRRG" in result.stderr and "15 of 17 scenes" in result.stderr
    again = run("prepare", "vaihingen", "--from", raw, "-o", tmp_path / "sets", "--json")
    assert json.loads(again.stdout)["kept"] == 3
    result = run("check", "vaihingen", "--root", tmp_path / "sets")
    assert result.exit_code == 0, result.output
    assert "3 of 398 images with labels" in result.stdout and "low vegetation" in result.stdout
    assert "warning: there are 3 pairs, 398 are published" in result.stderr
    found = json.loads(run("check", "vaihingen", "--root", tmp_path / "sets", "--json").stdout)
    assert found["ok"] and found["pairs"] == 3 and set(found["shares"]) >= {"tree", "car"}


def test_problems_are_errors(miniatures, run, tmp_path):
    miniatures.make_prepared("loveda", tmp_path)
    for path in (tmp_path / "loveDA/ann_dir/val").iterdir():
        miniatures.write(path, np.full((80, 112), 9, np.uint8))
    result = run("check", "loveda", "--root", tmp_path)
    assert result.exit_code == 3
    assert result.stderr.count("error:") == result.stderr.count("remedy:") == 1
    for words in ("labels hold values that the set does not have (2 of 2: 2522.png 9 (8960 px)", "data prepare loveda"):
        assert words in result.stderr


def test_bad_input(miniatures, run, tmp_path):
    raw = miniatures.make_raw("udd5", tmp_path / "raw")
    for arguments, code, words in (
        (("prepare", "moon", "--from", raw, "-o", tmp_path / "s"), 2, "Known are openearthmap, loveda"),
        (("prepare", "vdd", "--from", raw, "-o", tmp_path / "s"), 3, "Needed: VDD.zip"),
        (("prepare", "udd5", "--from", tmp_path / "x", "-o", tmp_path / "s"), 3, "there is no such folder"),
        (("check", "udd5", "--root", tmp_path), 3, "data prepare udd5 --from FOLDER"),
    ):
        result = run(*arguments)
        assert result.exit_code == code and words in result.stderr, result.output
        assert not (tmp_path / "s").exists()
    (tmp_path / "s/UDD5").mkdir(parents=True)
    (tmp_path / "s/UDD5/mine.txt").touch()
    result = run("prepare", "udd5", "--from", raw, "-o", tmp_path / "s")
    assert result.exit_code == 3 and "holds something else already" in result.stderr


def test_list_names_the_sets(run):
    text = run("list").stdout
    assert "made by `landwright data prepare`" in text and "spacenet-roads" in text
    sets = json.loads(run("list", "--json").stdout)["benchmarks"]
    assert len(sets) == 17 and {"name", "licence", "url", "bands", "expected"} <= set(sets[0])
