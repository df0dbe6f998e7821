from __future__ import annotations

from pathlib import Path

import pytest

from landwright.legends import list_legends, load_legend
from landwright.maps import legend_yaml


@pytest.mark.parametrize("name", list_legends())
def test_a_legend_is_read_back_as_it_was(tmp_path: Path, name: str) -> None:
    path = tmp_path / "map.legend.yaml"
    path.write_text(legend_yaml(load_legend(name)), encoding="utf-8")
    assert load_legend(path) == load_legend(name)
