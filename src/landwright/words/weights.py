"""The weights of a published model on this machine: a folder of the user's, or the hub and its cache."""

from __future__ import annotations

import os
from pathlib import Path

from landwright.errors import DataError
from landwright.words.folders import WEIGHTS_VARIABLE, weights_folder
from landwright.words.registry import OWN, ModelInfo, list_models, model_info

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".npz")

_VISION, _TEXT = "_vision.npz", "_text.npz"
_OWN = (
    f"Make a bundle of it: landwright models import FILE --as {OWN} --set activation=quick_gelu (or gelu) -o BUNDLE, "
    "and name BUNDLE where a model is asked for"
)
_PATIENCE = 5.0
"""Seconds that the hub has for its first answer."""


def find_weights(info: ModelInfo) -> Path:
    """Return the file with a model's weights, downloading it where that is possible.

    Looked for in this order: ``NAME.*`` or the hub's file name, where no other model has the same, in the folder that
    ``LANDWRIGHT_WEIGHTS`` names (by default ``~/.cache/landwright/weights``), the hub's cache, the hub. TIPS has two
    files, ``NAME_vision.npz`` and, beside it, ``NAME_text.npz``.

    Args:
        info: The model.

    Returns:
        The file; of TIPS, that of the image tower.

    Raises:
        DataError: It is nowhere here, and no hub has it or can be reached; the message says which file to get, from
            where, and where to put it.
    """
    folder = weights_folder()
    for name in _names(info):
        if (folder / name).is_file():
            return folder / name
    if info.hub is None:
        if info.name == OWN:
            raise DataError(f"{OWN} is a checkpoint of yours, whose file has to be named", remedy=_OWN)
        raise _absent(info, "are not here, and no file of the hub is known to hold them")
    return _download(info, info.hub.repo, info.hub.file)


def _names(info: ModelInfo) -> list[str]:
    """Return the names that a model's file may have in the folder of weights."""
    if info.family == "tips":
        return [f"{info.name}{_VISION}"]
    names = [f"{info.name}{suffix}" for suffix in SUFFIXES]
    if info.hub is None:
        return names
    published = [Path(hub.file).name for name in list_models() if (hub := model_info(name).hub) is not None]
    own = Path(info.hub.file).name
    # open_clip calls every model's file alike: such a name does not say whose it is.
    return [*names, own] if published.count(own) == 1 else names


def _download(info: ModelInfo, repository: str, file: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(repository, file, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    try:
        _ask(info, repository, file)
        return Path(hf_hub_download(repository, file))
    except LocalEntryNotFoundError as error:
        raise _unreachable(info) from error
    except EntryNotFoundError as error:
        raise _absent(info, f"are not in the hub's repository {repository} any more") from error
    except HfHubHTTPError as error:
        reason = str(error).strip().partition("\n")[0]
        raise _absent(info, f"are not here, and the hub does not give them: {reason}") from error
    except OSError as error:
        raise _absent(info, f"could not be downloaded: {error}") from error


def _ask(info: ModelInfo, repository: str, file: str) -> None:
    """Ask the hub for a file once: a download would ask an absent hub again and again for half a minute."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    # The library's own variable, for lines that are slower than that.
    patience = float(os.environ.get("HF_HUB_ETAG_TIMEOUT") or _PATIENCE)
    try:
        get_hf_file_metadata(hf_hub_url(repository, file), timeout=patience)
    except HfHubHTTPError:
        raise
    except Exception as error:  # what a line that is down raises depends on the library's version
        raise _unreachable(info) from error


def _unreachable(info: ModelInfo) -> DataError:
    return _absent(info, "are not here, and the hub cannot be reached")


def _absent(info: ModelInfo, why: str) -> DataError:
    return DataError(f"the weights of {info.name} {why}", remedy=_place(info))


def _place(info: ModelInfo) -> str:
    """Say which file to get and where to put it."""
    folder = weights_folder()
    source = f" ({info.url})" if info.url else ""
    if info.family == "tips":
        other = Path(str(info.url)).name.replace(_VISION, _TEXT)
        what = f"{info.url} and {other} beside it, and place them here as {folder / (info.name + _VISION)} and "
        what += f"{info.name}{_TEXT}"
    elif info.hub:
        place = folder / (info.name + Path(info.hub.file).suffix)
        what = f"{info.hub.file} of https://huggingface.co/{info.hub.repo}{source} and place it here as {place}"
    elif info.unpacked:
        place = folder / (info.name + Path(info.unpacked).suffix)
        what = f"{info.url}, unpack it, and place its {info.unpacked} here as {place}"
    else:
        what = f"the file{source} and place it here as {folder / info.name}.pt"
    return f"On a machine with access get {what}; another folder can be named with {WEIGHTS_VARIABLE}"
