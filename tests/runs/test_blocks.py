"""Blocks cover a map once; shares cover the blocks once."""

import numpy as np
import pytest

from landwright.errors import UsageError
from landwright.runs import cut, parse_shard, shard


@pytest.mark.parametrize(("height", "width", "block"), [(1, 1, 8), (16, 24, 8), (17, 23, 8), (5, 100, 7)])
def test_blocks_cover_the_map_once(height, width, block):
    hits = np.zeros((height, width), int)
    blocks = cut(height, width, block)
    for one in blocks:
        hits[one.row0 : one.row1, one.col0 : one.col1] += 1
        assert one.row0 == one.row * block and one.col0 == one.col * block
        assert 0 < one.height <= block and 0 < one.width <= block
    assert (hits == 1).all()
    assert len({one.name for one in blocks}) == len(blocks)
    assert [one.name for one in blocks] == sorted(one.name for one in blocks)


def test_a_block_is_named_by_its_row_and_column():
    assert cut(20, 40, 10)[-1].name == "r00001-c00003"


@pytest.mark.parametrize(("height", "width", "block"), [(0, 5, 8), (5, 0, 8), (5, 5, 0), (5, 5, -1)])
def test_sizes_that_are_not_possible(height, width, block):
    with pytest.raises(UsageError):
        cut(height, width, block)


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_shares_cover_the_blocks_once(count):
    blocks = cut(50, 60, 10)
    shares = [shard(blocks, index, count) for index in range(count)]
    assert sorted(block for share in shares for block in share) == blocks
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(("index", "count"), [(2, 2), (-1, 2), (0, 0)])
def test_a_share_that_is_not_there(index, count):
    with pytest.raises(UsageError, match="there is no share"):
        shard(cut(5, 5, 1), index, count)


def test_a_share_is_read():
    assert parse_shard("0/1") == (0, 1)
    assert parse_shard(" 7/12 ") == (7, 12)


@pytest.mark.parametrize("text", ["", "3", "a/b", "-1/4", "1/2/3", "1.0/2", "1 of 4", "1/9999999999"])
def test_a_share_of_another_form(text):
    with pytest.raises(UsageError, match=r"not of the form i/n.*0/4 to 3/4"):
        parse_shard(text)


@pytest.mark.parametrize("text", ["4/4", "5/4", "0/0"])
def test_a_share_beyond_the_last_says_that_they_count_from_0(text):
    with pytest.raises(UsageError, match=r"there is no share.*counted from 0"):
        parse_shard(text)
