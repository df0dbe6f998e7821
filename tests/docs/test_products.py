"""The page on label products names what is shipped, and its examples are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from landwright.legends import (
    list_crosswalks,
    list_legends,
    list_priors,
    load_crosswalk,
    load_legend,
    load_prior,
)

PAGE = (Path(__file__).parent.parent.parent / "docs" / "products.md").read_text(encoding="utf-8")
LOADERS = {"classes": load_legend, "rules": load_crosswalk, "shares": load_prior}


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def first_column(text: str) -> list[str]:
    rows = re.findall(r"^\| (`.*?) \|", text, re.M)
    return sorted(name for row in rows for name in re.findall(r"`([^`]+)`", row))


@pytest.mark.parametrize(
    ("title", "shipped"),
    [("Legends", list_legends()), ("Crosswalks", list_crosswalks()), ("Priors", list_priors())],
)
def test_tables_name_what_is_shipped_and_nothing_else(title: str, shipped: list[str]) -> None:
    assert first_column(section(title)) == sorted(shipped)


def test_examples_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)
    assert len(blocks) == len(LOADERS)
    for block in blocks:
        content = yaml.safe_load(block)
        path = Path(f"{content['name']}.yaml")
        path.write_text(block, encoding="utf-8")
        (loader,) = (loader for key, loader in LOADERS.items() if key in content)
        assert loader(path).name == content["name"]
