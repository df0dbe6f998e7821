from __future__ import annotations

import pytest

from landwright.networks.sam import sam_library


def test_it_is_transformers() -> None:
    assert sam_library() is pytest.importorskip("transformers", reason="the extra `sam` is not installed")
