import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import landwright
from landwright.cli.main import app

VERBS = ["demo", "doctor", "inspect", "prepare", "train", "evaluate", "predict", "models", "data"]


def best_of(count, *command):
    times = []
    for _ in range(count):
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return min(times)


def test_help_names_every_verb():
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for verb in VERBS:
        assert verb in result.output


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb):
    assert CliRunner().invoke(app, [verb, "--help"]).exit_code == 0


def test_version():
    assert CliRunner().invoke(app, ["--version"]).output.strip() == f"landwright {landwright.__version__}"


def test_help_is_quick(pace):
    assert best_of(5, "-m", "landwright", "--help") < 0.5 * pace(time.perf_counter)


def test_import_is_quick_and_leaves_torch_alone(pace):
    code = "import sys, landwright; assert 'torch' not in sys.modules"
    assert best_of(5, "-c", code) < 0.3 * pace(time.perf_counter)


def test_unknown_verb_is_a_usage_error():
    assert CliRunner().invoke(app, ["conquer"]).exit_code == 2


def test_help_loses_no_words():
    """Rich takes words in square brackets for markup and drops them."""
    sources = (Path(landwright.__file__).parent / "cli").glob("*.py")
    assert [path.name for path in sources if "[default" in path.read_text(encoding="utf-8")] == []
