"""Errors that go to another process."""

from __future__ import annotations

import pickle
import traceback


def portable(error: Exception) -> Exception:
    """Return an error that can be sent to another process, with the lines where it came from as a note."""
    lines = "".join(traceback.format_exception(error))
    error.__cause__ = error.__context__ = None
    try:
        found: Exception = pickle.loads(pickle.dumps(error))
    except Exception:
        found = RuntimeError(f"{type(error).__name__}: {error}")
    found.add_note(lines)
    return found
