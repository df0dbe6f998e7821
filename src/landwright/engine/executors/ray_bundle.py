"""The files of a model on their way to the machines of a cluster, over the network once for each machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np

from landwright.bundles.locate import locate
from landwright.engine.executors.job import Job, with_bundle

J = TypeVar("J", bound=Job)


@dataclass(frozen=True)
class Parcel:
    """The files of a model in Ray's object store, from which each machine fetches them once.

    Attributes:
        place: What the model is called in the folder: ``.``, or the name of a single file.
        files: References to their bytes, by path in the folder.
    """

    place: str
    files: dict[str, Any]


def pack(ray: Any, bundle: object) -> Parcel | None:
    """Put the files of a model into the object store; None if they are not on this machine, but on a hub.

    Args:
        ray: The module, connected.
        bundle: As a job has it.

    Raises:
        DataError: The folder holds no model.
    """
    if not isinstance(bundle, str) or not (path := Path(bundle).expanduser()).exists():
        return None
    folder = locate(path) if path.is_dir() else path.parent
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()] if path.is_dir() else [path]
    stored = {str(file.relative_to(folder)): ray.put(np.fromfile(file, np.uint8)) for file in files}
    return Parcel("." if path.is_dir() else path.name, stored)


@contextmanager
def unpacked(ray: Any, parcel: Parcel | None, job: J) -> Iterator[J]:
    """Write the files of a model to a temporary folder; the job yielded finds them there.

    Args:
        ray: The module, connected.
        parcel: The files, or None to change nothing.
        job: What is to be done.
    """
    if parcel is None:
        yield job
        return
    with TemporaryDirectory(prefix="landwright-") as folder:
        for name, reference in parcel.files.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            ray.get(reference).tofile(file)
        yield with_bundle(job, Path(folder, parcel.place))
