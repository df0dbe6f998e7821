"""The weights of a published model on this machine: a folder of the user's, or the hub and its cache."""

from __future__ import annotations

from pathlib import Path

from landwright.errors import DataError
from landwright.words.folders import WEIGHTS_VARIABLE, weights_folder
from landwright.words.registry import ModelInfo

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".npz")


def find_weights(info: ModelInfo) -> Path:
    """Return the file with a model's weights, downloading it where that is possible.

    Looked for in this order: ``NAME.*`` or the hub's file name in the folder that ``LANDWRIGHT_WEIGHTS`` names (by
    default ``~/.cache/landwright/weights``), the hub's cache, the hub.

    Args:
        info: The model.

    Returns:
        The file.

    Raises:
        DataError: It is nowhere here, and no hub has it or can be reached; the message says which file to get, from
            where, and where to put it.
    """
    folder = weights_folder()
    names = [f"{info.name}{suffix}" for suffix in SUFFIXES]
    if info.hub:
        names.append(Path(info.hub.file).name)
    for name in names:
        if (folder / name).is_file():
            return folder / name
    if info.hub is None:
        raise _absent(info, "are not here, and no file of the hub is known to hold them")
    return _download(info, info.hub.repo, info.hub.file)


def _download(info: ModelInfo, repository: str, file: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(repository, file))
    except LocalEntryNotFoundError as error:
        raise _absent(info, "are not here, and the hub cannot be reached") from error
    except EntryNotFoundError as error:
        raise _absent(info, f"are not in the hub's repository {repository} any more") from error
    except HfHubHTTPError as error:
        reason = str(error).strip().partition("\n")[0]
        raise _absent(info, f"are not here, and the hub does not give them: {reason}") from error
    except OSError as error:
        raise _absent(info, f"could not be downloaded: {error}") from error


def _absent(info: ModelInfo, why: str) -> DataError:
    return DataError(f"the weights of {info.name} {why}", remedy=_place(info))


def _place(info: ModelInfo) -> str:
    """Say which file to get and where to put it."""
    wanted = f"{info.hub.file} of https://huggingface.co/{info.hub.repo}" if info.hub else "the file"
    source = f" ({info.url})" if info.url else ""
    suffix = Path(info.hub.file).suffix if info.hub else ".pt"
    return (
        f"On a machine with access get {wanted}{source} and place it here as "
        f"{weights_folder() / (info.name + suffix)}; another folder can be named with {WEIGHTS_VARIABLE}"
    )
