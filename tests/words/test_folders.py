from pathlib import Path

from landwright.words.folders import cache_folder, features_folder, weights_folder


def test_where(monkeypatch, tmp_path):
    assert weights_folder() == tmp_path / "weights"
    monkeypatch.delenv("LANDWRIGHT_WEIGHTS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert weights_folder() == tmp_path / "landwright" / "weights"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LANDWRIGHT_FEATURES")
    assert features_folder() == Path.home() / ".cache" / "landwright" / "words"
    assert cache_folder("LANDWRIGHT_ANY", "any") == Path.home() / ".cache" / "landwright" / "any"
    monkeypatch.setenv("LANDWRIGHT_ANY", "~/own")
    assert cache_folder("LANDWRIGHT_ANY", "any") == Path.home() / "own"
