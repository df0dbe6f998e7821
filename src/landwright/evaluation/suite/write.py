"""Write the table of a suite: for programs, for text, and for people."""

from __future__ import annotations

from pathlib import Path

from landwright.evaluation.suite.markdown import markdown
from landwright.evaluation.suite.page import page
from landwright.evaluation.suite.table import Table
from landwright.rasters import atomic_output

JSON, MARKDOWN, PAGE = "table.json", "table.md", "table.html"


def write_table(folder: Path, table: Table) -> Path:
    """Write ``table.json``, ``table.md`` and ``table.html``.

    Args:
        folder: Folder of the suite.
        table: What to write.

    Returns:
        Path of the page.

    Raises:
        DataError: The files cannot be written.
    """
    texts = {
        JSON: table.model_dump_json(indent=1) + "\n",
        MARKDOWN: markdown(table),
        PAGE: page(table),
    }
    for name, text in texts.items():
        with atomic_output(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return folder / PAGE
