from landwright.evaluation.report.markup import Markup, number, picture, table, tag


def test_text_is_escaped_and_markup_is_not():
    assert tag("p", "a < b & c", tag("b", "bold")) == "<p>a &lt; b &amp; c<b>bold</b></p>"


def test_attributes_are_escaped_renamed_and_left_out():
    element = tag("a", cls='x"y', aria_label="<", hidden=False, title=None, x1=2)
    assert element == '<a class="x&quot;y" aria-label="&lt;" x1="2"></a>'


def test_void_elements_are_not_closed():
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_lists_and_none_are_flattened():
    assert tag("p", ["a", None, ["b", Markup("<i>")]]) == "<p>ab<i></p>"


def test_picture_carries_its_data():
    assert picture(b"png", "a map") == '<img src="data:image/png;base64,cG5n" alt="a map" loading="lazy">'


def test_table_and_numbers():
    text = table(["A"], [[number(0.12345)], [number(None)]], cls="x")
    assert '<table class="x">' in text
    assert '<td class="num">0.123</td>' in text
    assert '<td class="num">\N{EN DASH}</td>' in text
