"""Models in the format of transformers: a folder or a repository of the hub, read whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import torch
from safetensors import SafetensorError

from landwright.errors import DataError

FILES: Final = ["config.json", "*.safetensors", "*.safetensors.index.json"]
"""What is fetched: no pickled weights, no code."""

_SHOWN = 3


def fetch_folder(repository: str, *, remedy: str, cached: bool = False) -> Path:
    """Return the folder with the files of a hub repository.

    Args:
        repository: Such as ``facebook/sam-vit-huge``.
        remedy: What to do if they cannot be had.
        cached: Take what the cache holds, without asking the hub whether it has changed.

    Raises:
        DataError: The hub cannot be reached, has no such repository, or refuses.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    if cached:
        try:
            return Path(snapshot_download(repository, allow_patterns=FILES, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError):
            pass
    try:
        return Path(snapshot_download(repository, allow_patterns=FILES))
    except HFValidationError as error:
        problem, cause = "there is no such folder", cast(Exception, error)
    except LocalEntryNotFoundError as error:
        problem, cause = f"{repository} is not in the hub's cache, and the hub cannot be reached", error
    except HfHubHTTPError as error:
        problem, cause = f"the hub did not give {repository}: {str(error).strip().partition(chr(10))[0]}", error
    except OSError as error:
        problem, cause = f"{repository} could not be downloaded: {error}", error
    raise DataError(problem, path=repository, remedy=remedy) from cause


def read_pretrained(
    library: ModuleType,
    kind: str,
    folder: Path,
    *,
    name: str,
    foreign: Callable[[str], bool] = lambda _: False,
) -> Any:
    """Read a model of transformers from a folder, in float32.

    Args:
        library: The package transformers.
        kind: Name of the model's class.
        folder: With config.json and safetensors files.
        name: What it is called in messages.
        foreign: Says of a tensor that the model does not know whether it may be there all the same.

    Returns:
        The model, a module with its configuration as ``config``.

    Raises:
        DataError: The files cannot be read, or leave some of the model at random, or are of more than the model.
    """
    try:
        with _quiet(library):
            model, report = getattr(library, kind).from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are in the report, and refused below with their names
                dtype=torch.float32,
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise DataError(
            f"{name} cannot be read from here: {error}", path=folder, remedy="Copy the folder again from its source"
        ) from error
    _check_whole(report, folder, name, foreign)
    return model


def _check_whole(report: Mapping[str, Any], folder: Path, name: str, foreign: Callable[[str], bool]) -> None:
    faults = {"missing_keys": "missing", "mismatched_keys": "of another shape", "unexpected_keys": f"not {name}'s"}
    for key, words in faults.items():
        tensors = sorted(str(entry[0]) if isinstance(entry, tuple) else str(entry) for entry in report.get(key, ()))
        if key == "unexpected_keys":
            tensors = [tensor for tensor in tensors if not foreign(tensor)]
        if tensors:
            more = f" and {len(tensors) - _SHOWN} more" if len(tensors) > _SHOWN else ""
            raise DataError(
                f"the weights do not fit config.json: {', '.join(tensors[:_SHOWN])}{more} {words}",
                path=folder,
                remedy="Copy the folder again from its source, with all safetensors files",
            )


@contextmanager
def _quiet(library: ModuleType) -> Iterator[None]:
    """Keep transformers' own report and bar away: what is wrong is said in one sentence."""
    logging = library.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
