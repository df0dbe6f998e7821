"""Errors that a user can act on: each names the file, the problem and the remedy."""

from __future__ import annotations

import errno
from os import PathLike
from typing import ClassVar

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Numbers of the system's errors where a file does not fit: full disk, quota, largest size of a file."""


class LandwrightError(Exception):
    """Base of all errors that landwright raises on purpose.

    Args:
        problem: What is wrong, as one sentence.
        path: The file or folder concerned, if there is one.
        remedy: What the user can do about it.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, problem: str, *, path: str | PathLike[str] | None = None, remedy: str | None = None) -> None:
        """Keep the three parts apart, so that the command line can lay them out."""
        self.problem = problem
        self.path = None if path is None else str(path)
        self.remedy = remedy
        parts = [f"{self.path}: {problem}" if self.path else problem]
        if remedy:
            parts.append(remedy)
        super().__init__(" ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts))


class UsageError(LandwrightError):
    """The command, recipe or option is wrong (exit code 2)."""

    exit_code = 2


class DataError(LandwrightError):
    """A file is missing, damaged, or does not fit the others (exit code 3)."""

    exit_code = 3


class DiskFullError(DataError):
    """What was to be written does not fit on the disk (exit code 3)."""


class PartialError(LandwrightError):
    """Some of the inputs were done and some failed (exit code 4)."""

    exit_code = 4
