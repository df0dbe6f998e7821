"""Write a bundle: the whole folder appears at once, or nothing does."""

from __future__ import annotations

import errno
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn

from landwright import __version__
from landwright.bundles.card import FORMAT, Card
from landwright.bundles.cardfile import CARD, dump_card
from landwright.bundles.mlm import mlm_item
from landwright.bundles.readme import model_card
from landwright.bundles.weights import write_weights
from landwright.errors import DataError, DiskFullError, UsageError

WEIGHTS = "model.safetensors"
README = "README.md"
MLM = "mlm.json"
FILES = frozenset({CARD, WEIGHTS, README, MLM})


def save_bundle(path: str | PathLike[str], card: Card, network: nn.Module, *, overwrite: bool = False) -> Path:
    """Write a model bundle: ``model.safetensors``, ``card.yaml``, ``README.md`` and ``mlm.json``.

    The folder is written under another name beside ``path`` and renamed when it is complete.

    Args:
        path: Folder of the bundle. Missing parents are made.
        card: The card; format, weights, checksum and, where they are missing, time and versions are filled in.
        network: The network, on any device and in any mode.
        overwrite: Replace an older bundle at ``path``.

    Returns:
        The folder.

    Raises:
        UsageError: ``path`` is a file, a folder that is not a bundle, or an older bundle without ``overwrite``.
        DataError: The folder cannot be written, for example because the disk is full.
    """
    target = Path(path).expanduser()
    _check_target(target, overwrite)
    with _whole_folder(target) as folder:
        complete = card.model_copy(
            update={
                "format": FORMAT,
                "weights": WEIGHTS,
                "weights_sha256": write_weights(folder / WEIGHTS, network),
                "created": card.created or datetime.now(UTC).isoformat(timespec="seconds"),
                "software": card.software or {"landwright": __version__, "torch": torch.__version__},
            }
        )
        parameters = sum(parameter.numel() for parameter in network.parameters())
        size = (folder / WEIGHTS).stat().st_size
        item = mlm_item(complete, parameters=parameters, size=size)
        _write(folder / CARD, dump_card(complete))
        _write(folder / README, model_card(complete, parameters=parameters))
        _write(folder / MLM, json.dumps(item, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return target


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _check_target(target: Path, overwrite: bool) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise UsageError("is a file; a bundle is a folder", path=target, remedy="Give another name")
    names = {entry.name for entry in target.iterdir()}
    if not names:
        return
    if CARD not in names:
        raise UsageError("is a folder with other things in it, not a bundle", path=target, remedy="Give another name")
    if not overwrite:
        raise UsageError("is a bundle already", path=target, remedy="Give another name, or allow to replace it")
    if foreign := sorted(names - FILES):
        raise UsageError(
            f"replacing the bundle would delete {', '.join(foreign)}", path=target, remedy="Move these files first"
        )


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``target`` that takes its place at the end, or vanishes."""
    token = secrets.token_hex(4)
    temporary = target.with_name(f".{target.name}.{token}.part")
    older = target.with_name(f".{target.name}.{token}.old")
    made = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if target.exists():
            target.rename(older)
        temporary.rename(target)
    except BaseException as error:
        if older.exists() and not target.exists():
            older.rename(target)
        shutil.rmtree(temporary, ignore_errors=True)
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        if isinstance(error, OSError | SafetensorError):
            raise _explained(error, target) from error
        raise
    shutil.rmtree(older, ignore_errors=True)


def _explained(error: OSError | SafetensorError, target: Path) -> DataError:
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):
        return DiskFullError(
            "cannot be written: the disk is full", path=target, remedy="Free space, or write elsewhere"
        )
    reason = getattr(error, "strerror", None) or str(error)
    return DataError(f"cannot be written: {reason}", path=target, remedy="Check the folder's permissions")
