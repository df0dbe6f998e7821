"""Checkpoints that appear whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from landwright.errors import DISK_FULL, DataError, DiskFullError
from landwright.rasters import atomic_output
from landwright.regimes.folder import RunFolder


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside the older checkpoint and then takes its name.

    Lightning's own writer moves a file there from the folder for temporary files. Between two file systems that is a
    copy, which on a full disk leaves half a checkpoint in place of a good one.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | PathLike[str], storage_options: Any | None = None
    ) -> None:
        """Write a checkpoint; ``storage_options`` are not used.

        Raises:
            DiskFullError: There is no room; an older checkpoint is as it was.
            DataError: The folder cannot be written.
        """
        buffer = io.BytesIO()  # on a full disk torch's own file writer does not say why it fails
        torch.save(checkpoint, buffer)
        with atomic_output(path) as temporary:
            temporary.write_bytes(buffer.getbuffer())


@contextmanager
def explained_if_full(folder: RunFolder) -> Iterator[None]:
    """Say how to go on where checkpoint, curves or bundle do not fit on the disk.

    Raises:
        DiskFullError: The disk is full; the remedy tells whether there is a checkpoint to go on from.
    """
    try:
        yield
    except (OSError, DataError) as error:
        if not isinstance(error, DiskFullError) and getattr(error, "errno", None) not in DISK_FULL:
            raise
        remedy = "then go on with --resume" if folder.last.is_file() else "or name a folder elsewhere"
        raise DiskFullError(
            "cannot be written: the disk is full", path=folder.path, remedy=f"Free space, {remedy}"
        ) from error
