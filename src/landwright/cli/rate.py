"""A progress column that shows items per second."""

from __future__ import annotations

from rich.progress import ProgressColumn, Task
from rich.text import Text


class RateColumn(ProgressColumn):
    """Finished items per second, with the task's ``unit`` field."""

    def render(self, task: Task) -> Text:
        """Return the rate of ``task``, or a dash before the first item."""
        speed = task.finished_speed or task.speed
        unit = task.fields.get("unit", "it")
        return Text("-" if speed is None else f"{speed:.3g} {unit}/s")
