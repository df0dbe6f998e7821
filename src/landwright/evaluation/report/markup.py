"""The few lines of HTML writing that the report needs: everything is escaped unless it is markup already."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

DASH = "\N{EN DASH}"
"""Stands for a figure that is undefined."""

VOID = frozenset({"img", "meta", "br"})


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


Child = str | Iterable["Child"] | None


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """Return one element.

    Args:
        name: Element name.
        *children: Text, which is escaped, or markup, or lists of them; ``None`` is left out.
        **attributes: Attributes; ``cls`` stands for ``class``, underscores become hyphens, and ``None`` or ``False``
            leaves an attribute out.
    """
    inside = "".join(_flatten(children))
    given = "".join(
        f' {_attribute(key)}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{name}{given}>" if name in VOID else f"<{name}{given}>{inside}</{name}>")


def _attribute(key: str) -> str:
    return "class" if key == "cls" else key.rstrip("_").replace("_", "-")


def _flatten(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, str):
            yield child if isinstance(child, Markup) else escape(child, quote=False)
        elif child is not None:
            yield from _flatten(child)


def picture(png: bytes, alt: str) -> Markup:
    """Return an image that carries its own data.

    Args:
        png: PNG file.
        alt: What it shows.
    """
    return tag("img", src=f"data:image/png;base64,{base64.b64encode(png).decode()}", alt=alt, loading="lazy")


def table(header: Iterable[Child], rows: Iterable[Iterable[Markup]], *, cls: str = "") -> Markup:
    """Return a table that scrolls sideways where it is too wide.

    Args:
        header: Column titles.
        rows: Cells per row, made with :func:`tag`.
        cls: CSS class of the table.
    """
    head = tag("tr", [title if isinstance(title, Markup) else tag("th", title, scope="col") for title in header])
    body = [tag("tr", list(cells)) for cells in rows]
    return tag("div", tag("table", tag("thead", head), tag("tbody", body), cls=cls or None), cls="scroll")


def number(value: float | None, digits: int = 3) -> Markup:
    """Return a right-aligned cell with a figure, or a dash where it is undefined."""
    return tag("td", DASH if value is None else f"{value:,.{digits}f}", cls="num")
