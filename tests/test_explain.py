from __future__ import annotations

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from landwright.explain import explain


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: list[Item]
    name: str | list[str] = ""

    @model_validator(mode="after")
    def _named(self) -> Whole:
        if self.name == "bad":
            raise ValueError("bad names are bad")
        return self


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("items:\n- size: 1\n- size: x\n", "line 3: items.1.size: "),
        ("items: []\ncolour: red\n", "line 2: colour: unknown key"),
        ("name: a\n", "items: key is missing"),
        ("items: []\nname: bad\n", "file: bad names are bad"),
        ("items: []\nname: 3\n", "line 2: name: "),
    ],
)
def test_findings_name_line_and_key(text: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(yaml.safe_load(text))
    assert says in explain(caught.value, text, whole="file")
