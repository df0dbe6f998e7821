import pytest

from landwright.bundles.cardfile import dump_card, read_card
from landwright.errors import DataError


@pytest.fixture
def file(tmp_path, card):
    path = tmp_path / "card.yaml"
    path.write_text(dump_card(card))
    return path


def test_round_trip(file, card):
    plain = card.model_copy(update={"scores": ()})
    file.write_text(dump_card(plain))
    assert read_card(file) == plain


def test_people_can_read_it(file):
    lines = file.read_text().splitlines()
    assert "name: streets of Dürnstein" in lines
    assert "  mean: [0.1, 0.2, 0.3]" in lines
    assert "bands: [red, green, blue]" in lines
    assert not any("null" in line for line in lines)


def test_an_unknown_key_is_named_with_its_line(file):
    lines = file.read_text().splitlines()
    number = lines.index("bands: [red, green, blue]")
    lines.insert(number, "bnads: [red]")
    file.write_text("\n".join(lines))
    with pytest.raises(DataError, match=f"line {number + 1}: bnads: unknown key") as caught:
        read_card(file)
    assert caught.value.path == str(file)
    assert caught.value.exit_code == 3


def test_a_wrong_value_deep_inside_is_named_with_its_line(file):
    text = file.read_text()
    wrong = text.replace("overlap: 0.25", "overlap: 7")
    line = wrong.splitlines().index(next(row for row in wrong.splitlines() if "overlap: 7" in row)) + 1
    file.write_text(wrong)
    with pytest.raises(DataError, match=f"line {line}: tiling.overlap"):
        read_card(file)
    file.write_text(text.replace("mean: [0.1, 0.2, 0.3]", "mean: [0.1, zero, 0.3]"))
    with pytest.raises(DataError, match=r"line \d+: normalization.mean.1"):
        read_card(file)


def test_a_missing_key(file):
    file.write_text(file.read_text().replace("regime: masks\n", ""))
    with pytest.raises(DataError, match="regime: key is missing"):
        read_card(file)


def test_bands_and_means_must_agree(file):
    file.write_text(file.read_text().replace("bands: [red, green, blue]", "bands: [red]"))
    with pytest.raises(DataError, match="1 bands but 3 means"):
        read_card(file)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"a: [", "not valid YAML"), (b"\xff\xfe\x00", "not valid YAML"), (b"- 1", "no mapping"), (b"", "no mapping")],
)
def test_not_a_card(file, content, problem):
    file.write_bytes(content)
    with pytest.raises(DataError, match=problem):
        read_card(file)


def test_yaml_that_would_run_code(file):
    file.write_text("name: !!python/object/apply:os.getcwd []")
    with pytest.raises(DataError, match="not valid YAML"):
        read_card(file)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_card(tmp_path / "card.yaml")
