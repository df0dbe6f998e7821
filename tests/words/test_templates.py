import pytest

from landwright.errors import DataError, UsageError
from landwright.words.templates import Templates, load_templates


def test_shipped():
    eighty = load_templates("imagenet80")
    assert len(eighty.prompts) == 80
    assert eighty.prompts[0] == "a bad photo of a {}."
    assert eighty.fill("road")[1] == "a photo of many road."
    assert all("road" in sentence and "{" not in sentence for sentence in eighty.fill("road"))
    assert load_templates("satellite").fill("roads") == ["a satellite photo of roads.", "a satellite image of roads."]
    assert load_templates("single").fill("car") == ["a photo of a car."]


def test_a_file(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("\ufeffseen from above: {}\n\n  {} and {}  \n", encoding="utf-8")
    found = load_templates(file)
    assert (found.name, found.kept) == ("mine.txt", found.prompts)
    assert load_templates("single").kept == ()
    assert found.prompts == ("seen from above: {}", "{} and {}")
    assert found.fill("dam")[1] == "dam and dam"
    assert found.sha256 == Templates("else", found.prompts).sha256
    assert found.sha256 != load_templates("single").sha256


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "empty"), (b"a {}\nno hole\n", "line 2 has no {}"), (b"\xff\xfe\x00", "not UTF-8")],
)
def test_bad_files(tmp_path, content, problem):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=problem):
        load_templates(tmp_path / "a.txt")


def test_nothing():
    with pytest.raises(DataError, match="cannot be read"):
        load_templates("nowhere.txt")
    with pytest.raises(UsageError, match="no templates named 'imagenet'") as caught:
        load_templates("imagenet")
    assert "imagenet80, single, satellite" in caught.value.remedy
