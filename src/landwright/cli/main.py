"""The ``landwright`` command: registers the verbs and nothing else, so that ``--help`` is quick."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from landwright import __version__
from landwright.cli import (
    bench,
    benchmarks,
    datasets,
    demo,
    doctor,
    evaluate,
    export,
    inspect,
    make_world,
    merge,
    models,
    predict,
    prepare,
    train,
    vectorize,
)

# OpenMP threads that spin while they wait slow each other down a hundredfold when others use the machine too; threads
# that never spin lose a third on an idle one. Must be set before torch loads its OpenMP.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

app = typer.Typer(
    name="landwright",
    help="Land maps from whatever labels you have.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command()(inspect.inspect)
app.add_typer(prepare.app, name="prepare")
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command()(predict.predict)
app.command()(merge.merge)
app.command()(vectorize.vectorize)
app.command()(export.export)
app.command()(bench.bench)
app.add_typer(models.app, name="models")

data = typer.Typer(help="Published data sets and the synthetic world.", no_args_is_help=True)
data.command("list")(datasets.list_layouts)
data.command("get")(datasets.get_layout)
data.command("prepare")(benchmarks.prepare_set)
data.command("check")(benchmarks.check_set)
data.command("make-world")(make_world.make_world)
app.add_typer(data, name="data")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"landwright {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Land maps from whatever labels you have."""


def main() -> None:
    """Run the command line."""
    app()
