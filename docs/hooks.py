"""Generates the command-line reference from the parser when the site is built."""

from __future__ import annotations

from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.cli import get_docs_for_click

from landwright.cli.main import app


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add ``reference/cli.md``."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("landwright", [], resilient_parsing=True)
    text = get_docs_for_click(obj=command, ctx=context, name="landwright", title="Command line")
    files.append(File.generated(config, "reference/cli.md", content=text))
    return files
