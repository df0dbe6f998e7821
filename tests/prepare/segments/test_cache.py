from __future__ import annotations

from pathlib import Path

import pytest

from landwright.prepare.segments import SEGMENTS_VARIABLE, complete_params, kept_segments


def test_where_segments_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = complete_params("slic")
    monkeypatch.delenv(SEGMENTS_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = kept_segments("slic", params)
    assert found.parent == tmp_path / "cache" / "landwright" / "segments"
    assert found.name.startswith("slic-")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert kept_segments("slic", params).is_relative_to(Path.home() / ".cache")
    monkeypatch.setenv(SEGMENTS_VARIABLE, str(tmp_path / "own"))
    assert kept_segments("slic", params) == tmp_path / "own" / found.name
    assert kept_segments("slic", complete_params("slic", {"pixels": 9})).name != found.name
