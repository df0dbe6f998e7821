import pytest

from landwright.errors import DataError
from landwright.prepare.claim import MARKER, check_folder, mark_folder


def test_a_folder_keeps_to_what_was_begun_in_it(tmp_path):
    mine, other = {"set": "potsdam", "rules": 1}, {"set": "udd5", "rules": 1}
    folder = tmp_path / "set"
    check_folder(folder, mine)
    assert not folder.exists()
    for _ in range(2):
        mark_folder(folder, mine)
    check_folder(folder, mine)
    with pytest.raises(DataError, match=r"holds files made for .*potsdam.* not .*udd5"):
        check_folder(folder, other)
    (folder / MARKER).write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        check_folder(folder, mine)
    (folder / MARKER).rename(folder / "holiday.jpg")
    with pytest.raises(DataError, match="holds something else already") as caught:
        check_folder(folder, mine, remedy="Look elsewhere")
    assert caught.value.remedy == "Look elsewhere"
