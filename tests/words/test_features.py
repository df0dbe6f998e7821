"""Features of words: what they are, that cutting changes nothing, and what is kept on disk."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from safetensors import SafetensorError

from landwright.errors import UsageError
from landwright.networks.clip.openclip import OpenClipEncoder
from landwright.networks.clip.towers import build_clip
from landwright.words.features import BATCH, prompt_features, text_fingerprint, word_features
from landwright.words.templates import Templates, load_templates
from landwright.words.tokens import tokenizer

WORDS = ["road", "building", "low vegetation"]


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return OpenClipEncoder(build_clip("compact")).eval()


@pytest.fixture
def tokens():
    return tokenizer("openclip", "compact", 77)


class Counting:
    """Counts the sentences that a text tower sees, and notes how long they are."""

    def __init__(self, encoder):
        self.encoder, self.seen, self.lengths = encoder, 0, []

    def __call__(self, ids):
        self.seen += len(ids)
        self.lengths.append(ids.shape[1])
        return self.encoder.encode_text(ids)


def test_the_mean_of_unit_features(encoder, tokens):
    templates = load_templates("imagenet80")
    found = word_features(encoder.encode_text, tokens, WORDS, templates)
    with torch.no_grad():
        one = [F.normalize(encoder.encode_text(tokens(templates.fill(word))), dim=-1).mean(0) for word in WORDS]
    assert torch.allclose(found, F.normalize(torch.stack(one), dim=-1), atol=1e-6)
    assert not found.requires_grad


def test_cutting_at_the_longest_sentence_changes_nothing(encoder, tokens):
    prompts = load_templates("imagenet80").fill("low vegetation")
    counting = Counting(encoder)
    with torch.no_grad():
        whole = encoder.clip.encode_text(tokens(prompts))  # stock open_clip, all 77 positions
        short = prompt_features(counting, tokens, prompts)
    assert max(counting.lengths) < 25
    assert torch.allclose(short, whole, atol=2e-6)


def test_sentences_of_like_length_go_together_and_come_back_in_order(encoder, tokens):
    prompts = [f"{'a ' * (number % 7)}road {number}" for number in range(BATCH + 5)]
    counting = Counting(encoder)
    with torch.no_grad():
        found = prompt_features(counting, tokens, prompts)
        one_by_one = torch.cat([encoder.encode_text(tokens([prompt])) for prompt in prompts])
    assert len(counting.lengths) == 2
    assert torch.allclose(found, one_by_one, atol=2e-6)


def test_a_tower_that_sees_ahead_gets_whole_contexts(encoder, tokens):
    ahead = type(tokens)("ahead", 77, False, tokens.split, tokens.pad)
    counting = Counting(encoder)
    with torch.no_grad():
        prompt_features(counting, ahead, ["road"])
    assert counting.lengths == [77]


def test_the_cache(encoder, tokens, tmp_path):
    counting, templates = Counting(encoder), load_templates("satellite")
    place = {"key": "tower", "cache": tmp_path / "kept"}
    first = word_features(counting, tokens, WORDS, templates, **place)
    assert counting.seen == 2 * len(WORDS)
    again = word_features(counting, tokens, [*WORDS[::-1], "road", "dam"], templates, **place)
    assert counting.seen == 2 * len(WORDS) + 2
    assert torch.equal(again[:3].flip(0), first)
    assert torch.equal(again[3], first[0])
    assert not [file for file in (tmp_path / "kept").rglob(".*")]
    for other in (
        {"key": "another tower"},
        {"templates": Templates("x", ("{}!",))},
        {"tokens": tokenizer("openclip", "", 50)},
    ):
        before = counting.seen
        arguments = {"tokens": tokens, "templates": templates, **place, **other}
        word_features(counting, words=["road"], **arguments)
        assert counting.seen > before


def test_what_is_damaged_is_made_again(encoder, tokens, tmp_path):
    templates, place = load_templates("single"), {"key": "tower", "cache": tmp_path}
    first = word_features(encoder.encode_text, tokens, WORDS, templates, **place)
    files = sorted(tmp_path.rglob("*.safetensors"))
    assert len(files) == 3
    files[0].write_bytes(b"not a file")
    files[1].write_bytes(files[2].read_bytes())  # another word's
    assert torch.equal(word_features(encoder.encode_text, tokens, WORDS, templates, **place), first)


@pytest.mark.parametrize("place", ["file/words", "full"])
def test_a_folder_that_cannot_be_written_to(encoder, tokens, tmp_path, monkeypatch, place):
    (tmp_path / "file").write_bytes(b"")

    def full(*_, **__):
        raise SafetensorError("No space left on device (os error 28)")

    if place == "full":
        monkeypatch.setattr("landwright.words.features.save_file", full)
    templates = load_templates("single")
    expected = word_features(encoder.encode_text, tokens, WORDS, templates)
    with pytest.warns(UserWarning, match="cannot be kept in .* LANDWRIGHT_FEATURES") as caught:
        found = word_features(encoder.encode_text, tokens, WORDS, templates, key="tower", cache=tmp_path / place)
    assert len(caught) == 1
    assert torch.equal(found, expected)
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "file"]


def test_a_folder_that_cannot_be_read(encoder, tokens, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    place = {"key": "tower", "cache": tmp_path}
    first = word_features(encoder.encode_text, tokens, WORDS, load_templates("single"), **place)
    monkeypatch.setattr("landwright.words.features.Path.is_file", refuse)
    assert torch.equal(word_features(encoder.encode_text, tokens, WORDS, load_templates("single"), **place), first)


WRITER = """
import sys
import torch
from landwright.networks.clip.openclip import OpenClipEncoder
from landwright.networks.clip.towers import build_clip
from landwright.words.features import word_features
from landwright.words.templates import load_templates
from landwright.words.tokens import tokenizer
from pathlib import Path

torch.manual_seed(0)
encoder = OpenClipEncoder(build_clip("compact")).eval()
words = [f"place {number}" for number in range(20)]
tokens = tokenizer("openclip", "compact", 77)
word_features(encoder.encode_text, tokens, words, load_templates("single"), key="same", cache=Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_two_processes_may_write_at_once(tmp_path, tokens):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path]) for _ in range(2)]
    assert [writer.wait(timeout=600) for writer in writers] == [0, 0]
    assert len(list(tmp_path.rglob("*.safetensors"))) == 20
    assert not list(tmp_path.rglob(".*"))

    def refuse(ids):
        raise AssertionError("everything is kept already")

    words = [f"place {number}" for number in range(20)]
    assert word_features(refuse, tokens, words, load_templates("single"), key="same", cache=tmp_path).shape == (20, 128)


def test_bad_words(encoder, tokens):
    with pytest.raises(UsageError, match="has no letters"):
        word_features(encoder.encode_text, tokens, ["road", "--"], load_templates("single"))


def test_the_fingerprint_tells_text_towers_apart(encoder):
    state = encoder.state_dict()
    known = text_fingerprint(state, "gelu", 77)
    assert text_fingerprint(state, "gelu", 77) == known
    image = state | {"clip.visual.proj": state["clip.visual.proj"] + 1}
    assert text_fingerprint(image, "gelu", 77) == known
    assert text_fingerprint(state, "quick_gelu", 77) != known
    text = state | {"clip.text_projection": state["clip.text_projection"] + 1}
    assert text_fingerprint(text, "gelu", 77) != known
