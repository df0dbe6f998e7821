import pytest

from landwright.words.language import language_note


@pytest.mark.parametrize("words", [["building", "roof", "car park"], ["low vegetation"], []])
def test_english(words):
    assert language_note(words) is None


@pytest.mark.parametrize("word", ["Gebäude", "Straße", "建筑", "дорога", "wald", "Casa", "grosse strasse", "forêt"])
def test_other_languages(word):
    note = language_note(["road", word])
    assert repr(word) in note
    assert "does not look English" in note


def test_many():
    note = language_note(["wald", "wiese", "wasser", "fluss", "acker", "dach", "haus"])
    assert "and 2 more do not look English" in note
