"""Where a bundle is: a folder, a run's folder, or a repository of the Hugging Face hub."""

from __future__ import annotations

import difflib
import re
from os import PathLike
from pathlib import Path

from landwright.bundles.cardfile import CARD
from landwright.errors import DataError, UsageError
from landwright.words.registry import list_models

PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".tar")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
HUB_FILES = (CARD, "*.safetensors", "README.md", "mlm.json")


def locate(where: str | PathLike[str], revision: str | None = None) -> Path:
    """Return the folder of a bundle, downloading it where it is on the hub.

    Args:
        where: Bundle folder, run folder with ``bundle/`` in it, or hub id ``owner/name``.
        revision: Branch, tag or commit on the hub.

    Returns:
        A folder with a card.

    Raises:
        UsageError: A pickle or another single file is given.
        DataError: There is no bundle, or the hub cannot give it.
    """
    path = Path(where).expanduser()
    if path.suffix.lower() in PICKLES and not path.is_dir():
        raise UsageError(
            "is a pickled checkpoint; those can hold code and are never loaded as a bundle",
            path=path,
            remedy=f"Turn it into a bundle: landwright models import {path} --as NAME -o BUNDLE",
        )
    if path.is_file():
        raise UsageError("is a file, not the folder of a model bundle", path=path, remedy="Give the bundle's folder")
    if path.is_dir():
        for folder in (path, path / "bundle"):
            if (folder / CARD).is_file():
                return folder
        raise DataError(
            f"is not a model bundle: the folder has no {CARD}",
            path=path,
            remedy="Give the folder that `train` or `models import` wrote",
        )
    if _is_path(where, path):
        raise DataError("there is no such folder", path=path, remedy=_other_names(str(where)))
    return download(str(where), revision)


def contained(folder: Path, name: str) -> Path:
    """Return a file of a bundle, making sure that no link leads out of the bundle.

    Args:
        folder: The bundle's folder.
        name: Path inside it, from the card.

    Raises:
        DataError: The file is missing or lies elsewhere.
    """
    path = folder / name
    roots = [folder.resolve()]
    if folder.parent.name == "snapshots":
        # The hub's cache keeps the files beside its snapshots and links to them.
        roots.append((folder.parent.parent / "blobs").resolve())
    if not any(path.resolve().is_relative_to(root) for root in roots):
        raise DataError(f"{name} is a link to a place outside the bundle", path=folder, remedy="Copy the file itself")
    if not path.is_file():
        raise DataError(f"{name} is missing", path=folder, remedy="Copy the bundle again, with all of its files")
    return path


def download(repository: str, revision: str | None) -> Path:
    """Return the cached folder of a bundle on the hub, downloading what is new.

    Args:
        repository: Hub id ``owner/name``.
        revision: Branch, tag or commit.

    Raises:
        DataError: The hub cannot be reached, or has no such bundle.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=list(HUB_FILES)))
    except LocalEntryNotFoundError as error:
        raise DataError(
            f"model {repository!r} is neither a folder here nor in the cache, and the hub cannot be reached",
            remedy=f"Copy the bundle's files ({CARD}, model.safetensors) into a folder and give that folder, "
            f"or bring the hub's cache of another machine to {constants.HF_HUB_CACHE}",
        ) from error
    except RepositoryNotFoundError as error:
        raise DataError(
            f"model {repository!r} is neither a folder here nor a repository that the hub shows to you",
            remedy="Check the spelling; for a private model, log in with: hf auth login",
        ) from error
    except HfHubHTTPError as error:
        raise DataError(
            f"the hub did not give the model {repository!r}: {error}", remedy="Check the id and the revision"
        ) from error
    if not (folder / CARD).is_file():
        raise DataError(f"hub repository {repository!r} is not a landwright bundle: it has no {CARD}")
    return folder


def _other_names(where: str) -> str:
    """Say what may have been meant by what is no folder."""
    if where in list_models():
        return f"That is a model of words; make it a bundle: landwright models import FILE --as {where} -o BUNDLE"
    near = difflib.get_close_matches(where, list_models(), n=3)
    meant = f"Did you mean the model of words {' or '.join(near)}? Else check" if near else "Check"
    return f"{meant} the path, or give a hub id of the form owner/name"


def _is_path(where: str | PathLike[str], path: Path) -> bool:
    return not isinstance(where, str) or not HUB_ID.fullmatch(where) or Path(path.parts[0]).is_dir()
