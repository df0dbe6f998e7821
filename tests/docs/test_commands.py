"""Runs every command of the README and the documentation, in order, with training cut down to a few steps."""

import re
import shlex
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from landwright.cli.main import app

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)

# Run elsewhere: `make` targets are what CI itself runs, and the demo has its own test (tests/test_demo.py).
ELSEWHERE = re.compile(
    r"make (test|quick|lint|docs|demo)\b|landwright demo\b|python3? -m (venv|pip)|\.venv/bin/p(ip|re-commit)"
)
SHRINK = {
    "train": [
        *("--set", "optim.steps=2", "--set", "optim.batch=2", "--set", "optim.warmup=0", "--set", "data.tile=64"),
        *("--set", "validate.tiles=4", "--set", "validate.every=2"),
    ],
}

# Random weights are sure of nothing.
UNSURE = ["--min-confidence", "0"]
# A network that is trained for two steps needs no more.
MOST_SCENES = 40
LARGEST_SCENE = 256
# Two sets of two pairs and a small model instead of eight whole sets and three large ones.
FEW = ["--models", "my-clip", "--datasets", "potsdam,isaid"]


def commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.split("  #")[0].strip() for block in BLOCK.findall(text) for line in block.splitlines())
    return [line for line in lines if line]


def value_of(option, words):
    return words[words.index(option) + 1] if option in words else 0


def shortened(words):
    made = {"--scenes": MOST_SCENES, "--size": LARGEST_SCENE} if "make-world" in words else {}
    less = {option: str(most) for option, most in made.items() if int(value_of(option, words)) > most}
    return [
        *(word for pair in less.items() for word in pair),
        *(UNSURE if "--as-labels" in words else []),
        *(FEW if "--suite" in words else []),
    ]


def material_of_evaluate_clip(folder, miniatures):
    """What that page's reader brings: downloads of two sets, and a checkpoint."""
    from landwright.networks.clip.towers import build_clip

    miniatures.make_raw("potsdam", folder / "downloads" / "Potsdam")
    miniatures.make_raw("isaid", folder / "downloads" / "iSAID")
    torch.save(build_clip("compact", activation="quick_gelu", context=77).state_dict(), folder / "my-clip.pt")


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A folder with random weights in the place of the default model's, which only the hub has."""
    from landwright.networks.clip.towers import build_clip
    from landwright.words import DEFAULT_MODEL, model_info

    info = model_info(DEFAULT_MODEL)
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    clip = build_clip(info.architecture, activation=info.activation, context=info.context)
    torch.save(clip.state_dict(), folder / f"{info.name}.pt")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if commands(page)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_commands_of_page_run(page, tmp_path, request, monkeypatch):
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    if page.name == "evaluate-clip.md":
        material_of_evaluate_clip(tmp_path, request.getfixturevalue("miniatures"))
    by_words = any("--words" in command for command in commands(page))
    if by_words:
        monkeypatch.setenv("LANDWRIGHT_WEIGHTS", str(request.getfixturevalue("weights")))
    monkeypatch.chdir(tmp_path)
    for command in commands(page):
        if ELSEWHERE.match(command):
            continue
        words = shlex.split(command)
        assert words[0] == "landwright", f"{page.name} shows a command that no test runs: {command}"
        # In this process: a new one would spend most of its time on importing torch and Lightning.
        done = CliRunner().invoke(app, [*words[1:], *SHRINK.get(words[1], []), *shortened(words)])
        assert done.exit_code == 0, f"{command}\n{done.output}\n{done.exception!r}"
