import json

import typer
from typer.testing import CliRunner

from landwright.cli.make_world import make_world

app = typer.Typer()
app.command()(make_world)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_writes_a_world_and_says_where(tmp_path):
    result = run("-o", tmp_path / "w", "--scenes", 2, "--size", 32, "--gsd", 1, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "2 scenes in" in result.output
    assert "OpenEarthMap" in result.output
    assert "Potsdam" in result.output
    assert len(list((tmp_path / "w" / "opt").glob("*.tif"))) == 2


def test_json_is_one_line(tmp_path):
    result = run("-o", tmp_path / "w", "--scenes", 1, "--size", 32, "--style", "rural", "--nir", "--json")
    assert result.exit_code == 0, result.output
    payload = json.loads(result.stdout)
    assert payload["scenes"] == ["grid_g05_mid_00000"]
    assert 0 <= payload["statistics"]["raised"] <= 1


def test_camera_and_view(tmp_path):
    options = ("--scenes", 1, "--size", 32, "--family", "terrain_g05_mid", "--sensor", "hazy", "--off-nadir", 20)
    assert run("-o", tmp_path, *options).exit_code == 0
    settings = json.loads((tmp_path / "metadata.json").read_text())["settings"]
    assert (settings["sensor"], settings["off_nadir"], settings["typical"]) == ("hazy", 20.0, False)
    assert run("-o", tmp_path / "w", "--off-nadir", 60).exit_code == 2


def test_wrong_options_are_usage_errors(tmp_path):
    result = run("-o", tmp_path / "w", "--family", "moon")
    assert result.exit_code == 2
    assert "grid_g05_mid" in result.output


def test_a_world_of_other_settings_is_a_data_error(tmp_path):
    assert run("-o", tmp_path, "--scenes", 1, "--size", 32, "--seed", 1).exit_code == 0
    result = run("-o", tmp_path, "--scenes", 1, "--size", 32, "--seed", 2)
    assert result.exit_code == 3
    assert "other settings" in result.output
