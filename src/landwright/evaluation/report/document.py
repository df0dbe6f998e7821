"""An HTML document that needs no other file."""

from __future__ import annotations

from importlib.resources import files

from landwright.evaluation.report.markup import Markup, tag


def document(title: str, body: Markup) -> str:
    """Return a page in the style of the report.

    Args:
        title: Title of the window.
        body: The element ``body``.
    """
    style = (files(__package__) / "style.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    return "<!doctype html>\n" + tag("html", head, body, lang="en")
