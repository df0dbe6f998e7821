from landwright.evaluation.report.document import document
from landwright.evaluation.report.markup import tag


def test_a_page_needs_no_other_file():
    page = document("Maps & words", tag("body", tag("p", "text")))
    assert page.startswith("<!doctype html>\n<html")
    assert "<title>Maps &amp; words</title>" in page and "<p>text</p>" in page
    assert "<style>" in page and "stylesheet" not in page
