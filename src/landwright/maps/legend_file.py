"""The classes of a map as a file that recipes and `load_legend` read."""

from __future__ import annotations

import yaml

from landwright.legends import Legend


def legend_yaml(legend: Legend) -> str:
    """Return a legend as YAML, one class on a line."""
    content = legend.to_dict()
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=1000)
