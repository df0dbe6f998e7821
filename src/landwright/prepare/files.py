"""The files of fused labels: their names, and what must not be written over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from landwright.errors import UsageError

_SUFFIXES = (".tif", ".tiff")


@dataclass(frozen=True)
class FuseFiles:
    """Where fused labels go.

    Attributes:
        labels: The labels.
        agreement: The votes.
    """

    labels: Path
    agreement: Path

    @property
    def styles(self) -> tuple[Path, Path]:
        """QGIS styles of both, found by QGIS through their names."""
        return self.labels.with_suffix(".qml"), self.agreement.with_suffix(".qml")

    def refuse_existing(self, inputs: Iterable[str], *, overwrite: bool) -> None:
        """Refuse to write over an input, or over anything unless ``overwrite``.

        Raises:
            UsageError: A file must not be written.
        """
        sources = [Path(name) for name in inputs if Path(name).exists()]
        for file in (self.labels, self.agreement, *self.styles):
            if file.exists() and any(file.samefile(source) for source in sources):
                raise UsageError("is one of the inputs", path=file, remedy="Name another output")
            if file.is_file() and not overwrite:
                raise UsageError("is there already", path=file, remedy="Use --force (overwrite=True) or another name")


def fuse_files(out: str | PathLike[str], agreement: str | PathLike[str] | None) -> FuseFiles:
    """Name the files.

    Args:
        out: The labels.
        agreement: The votes; by default ``NAME_agreement.tif`` beside the labels.

    Raises:
        UsageError: A name does not end with ``.tif``, or both are one file.
    """
    labels = Path(out)
    beside = labels.with_name(f"{labels.stem}_agreement{labels.suffix}")
    files = FuseFiles(labels, beside if agreement is None else Path(agreement))
    for raster in (files.labels, files.agreement):
        if raster.suffix.lower() not in _SUFFIXES:
            raise UsageError(
                "labels are written as GeoTIFF", path=raster, remedy=f"Name the file {raster.with_suffix('.tif').name}"
            )
    first, second = (style.absolute() for style in files.styles)
    if first == second:
        raise UsageError("labels and agreement have one name", path=labels, remedy="Name the agreement otherwise")
    return files
