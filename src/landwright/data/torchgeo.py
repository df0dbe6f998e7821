"""The one place that knows torchgeo: it downloads the sets that torchgeo can download.

Reading goes through our own layouts. Checked against torchgeo 0.7 and 0.8: of the shipped layouts only LoveDA has a
download there; the classes of the others read files that the user has put in place, with other class orders
(Potsdam2D, Vaihingen2D) or with a split that depends on the path of the folder (InriaAerialImageLabeling).
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import redirect_stdout
from pathlib import Path

from landwright.data.layouts import Layout
from landwright.errors import DataError, UsageError

_SPLITS = ("train", "val")


def download(layout: Layout, root: Path) -> None:
    """Download a set into a folder; archives are checked against their MD5 sums.

    An interrupted download or unpacking leaves only the hidden folder ``.download`` behind, and goes on from its
    complete archives next time.

    Args:
        layout: A layout with a torchgeo class.
        root: Folder of the set; created where it is missing.

    Raises:
        UsageError: torchgeo is not installed, or the layout has no download.
        DataError: The download failed.
    """
    if layout.torchgeo is None:
        raise UsageError(f"{layout.title} has no direct download", remedy=layout.obtain.strip())
    try:
        from torchgeo import datasets
    except ImportError as error:
        raise UsageError(
            f"downloading {layout.title} needs torchgeo", remedy="Install it with: pip install 'landwright[torchgeo]'"
        ) from error
    dataset = getattr(datasets, layout.torchgeo)
    staging = root / ".download"
    for split in _SPLITS:
        folder = split.capitalize()
        if (root / folder).is_dir():
            continue
        # torchgeo takes a half unpacked folder for a whole one, so unpacking always starts afresh.
        shutil.rmtree(staging / folder, ignore_errors=True)
        staging.mkdir(parents=True, exist_ok=True)
        try:
            with redirect_stdout(sys.stderr):
                dataset(root=staging, split=split, download=True, checksum=True)
        except (OSError, RuntimeError) as error:
            raise DataError(
                f"the download of {layout.title} failed: {error}",
                path=root,
                remedy=f"Try again, or get it from {layout.url}",
            ) from error
        os.replace(staging / folder, root / folder)
    shutil.rmtree(staging, ignore_errors=True)
