"""``landwright demo``: the whole story on a made-up place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landwright.cli.common import emit, guard


@guard
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for world, run, map and report.")] = Path(
        "landwright-demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the world and of the training.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the result of an earlier demo.")] = False,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Make a world, train on it, map a place that was never seen, score the map, and show the report."""
    from landwright.demo import run_demo

    def say(sentence: str) -> None:
        typer.echo(sentence, err=True)

    result = run_demo(out, seed=seed, replace=force, say=say)
    values = result.score.values
    text = (
        f"mIoU {values['miou']:.3f}, OA {values['oa']:.3f} on the unseen scene\n"
        f"  {result.score.sentence}\n  map     {result.map}\n  report  {result.report}"
    )
    payload = {"map": result.map, "report": result.report, "score": result.score.model_dump(mode="json")}
    emit(payload, as_json=as_json, text=text)
    if open_report:
        typer.launch(result.report.resolve().as_uri())
