"""The page on clusters is held to the code: its scripts parse, its options exist, its numbers are what is counted."""

import importlib
import re
import subprocess
from pathlib import Path

import pytest
import typer
import yaml

from landwright.cli.main import app

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
# Those that are no illustrations are run by test_commands.py.
BLOCKS = re.findall(r"^```text\n(.*?)^```", PAGE, re.M | re.S)
SLURM = [block for block in BLOCKS if block.startswith("#!")]
KUBERNETES = [block for block in BLOCKS if block.startswith("apiVersion")]
ROW = re.compile(r"^\| (\d+) \| (\d+) \| ([\d,]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", re.M)


@pytest.mark.parametrize("script", SLURM)
def test_scripts_of_slurm_parse(script):
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "#SBATCH --array" in script


@pytest.mark.parametrize("text", KUBERNETES)
def test_manifests_of_kubernetes_are_jobs(text):
    job = yaml.safe_load(text)
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    spec = job["spec"]
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Never"  # which a policy for failures and a limit for each index ask for
    (container,) = pod["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    (command,) = container["args"]
    indexed = spec.get("completionMode") == "Indexed"
    assert indexed == ("completions" in spec) == ("backoffLimitPerIndex" in spec) == ("--shard" in command)
    if indexed:
        assert f'--shard "$JOB_COMPLETION_INDEX/{spec["completions"]}"' in command


def test_both_ways_are_shown():
    assert len(SLURM) == 1
    assert len(KUBERNETES) == 2


def test_the_options_exist():
    commands = typer.main.get_command(app).commands
    shown = 0
    for block in BLOCKS:
        lines = re.sub(r"\\\n|\n {14}(?=--)", " ", block)
        for verb, rest in re.findall(r"landwright (\w+)(.*)", lines):
            parameters = commands[verb].params
            known = {name for each in parameters for name in (*each.opts, *each.secondary_opts)}
            for option in re.findall(r"(?<= )(--?[a-z][a-z-]*)", rest):
                assert option in known, f"landwright {verb} has no {option}"
                shown += 1
    assert shown > 20


def test_the_table_is_what_the_grid_comes_to(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    script = importlib.import_module("country")
    rows = ROW.findall(PAGE.replace("**", ""))
    assert len(rows) == 8
    for tile, block, blocks, passes, halo, reading in rows:
        found = script.cost(1_000_000, 1_200_000, int(block), script.Tiling(tile=int(tile), overlap=0.25))
        assert (f"{found.blocks:,}", f"{found.passes:.2f}") == (blocks, passes)
        assert (f"{found.halo:.3f}", f"{found.reading:.3f}") == (halo, reading)
        assert found.halo == pytest.approx(((int(block) + int(tile)) / int(block)) ** 2, abs=0.005)


def test_the_arithmetic_of_the_plan():
    pixels, halo, rate = 1.2e12, 1.128, 5e6
    assert pixels == 500_000 / 0.5 * 600_000 / 0.5
    assert pixels * halo / 3600 == pytest.approx(376e6, rel=0.001)
    hours = pixels * halo / rate / 3600
    assert (round(hours), round(hours / 16, 1), round(8192**2 * halo / rate)) == (75, 4.7, 15)
    assert round(1.162 * 3 * pixels / 1e12, 1) == 4.2
    assert [round(1.162 * each * pixels / 1e12, 1) for each in (1.25, 1.89)] == [1.7, 2.6]
    seconds = 1.78 * halo / (8 * 192**2 / 0.32 / 1e6) + halo * 0.29
    assert (round(seconds, 1), round(seconds * 1.2e6 / 3600, -1)) == (2.5, 840)
    assert round((2.133 / 224**2) / (0.32 / (8 * 192**2))) == 39
    for text in ("376,000,000 / r", "75 GPU-hours", "4.7 hours", "840 core-hours", "39 times", "2.5 s for a million"):
        assert text in " ".join(PAGE.split())
