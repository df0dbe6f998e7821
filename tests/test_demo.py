import json

import pytest
from typer.testing import CliRunner

from landwright.cli.main import app
from landwright.demo import run_demo
from landwright.errors import UsageError


@pytest.mark.slow
def test_demo_reaches_its_score_on_the_unseen_scene(tmp_path):
    """The command as a user runs it; `make demo` is the same with an installation before it."""
    result = CliRunner().invoke(app, ["demo", "-o", str(tmp_path / "demo"), "--json"])
    assert result.exit_code == 0, result.output
    payload = json.loads(result.stdout.splitlines()[-1])
    assert payload["score"]["protocol"] == "pixel-pooled"
    assert len(payload["score"]["per_class"]) == 8
    assert payload["score"]["values"]["miou"] >= 0.60
    for name in ("map.tif", "map.qml", "map_confidence.tif", "report/index.html", "report/metrics.json", "run/bundle"):
        assert (tmp_path / "demo" / name).exists()


def test_demo_replaces_nothing_but_a_demo(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match="something else than a demo"):
        run_demo(tmp_path, replace=True)
    (tmp_path / "DEMO.txt").write_text("")
    with pytest.raises(UsageError, match="holds a demo already"):
        run_demo(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "precious"
