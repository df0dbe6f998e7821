import sys
from types import SimpleNamespace

import pytest

from landwright.errors import DataError, UsageError
from landwright.words import tokens as module
from landwright.words.templates import Templates, load_templates
from landwright.words.tokens import check_words, cut, tokenizer

SINGLE = Templates("single", ("a photo of a {}.",))


@pytest.mark.parametrize("family", ["openclip", "flair", "eva"])
def test_the_ids_of_clip(family):
    tokens = tokenizer(family, "ViT-B-16", 77)
    ids = tokens(["a photo of a road.", "road"])
    assert ids.shape == (2, 77)
    assert ids[1, :4].tolist() == [49406, 1759, 49407, 0]
    assert tokens.causal
    assert list(tokens.split("road")) == [1759]


def test_what_is_too_long_is_cut_as_published():
    ids = tokenizer("openclip", "ViT-B-16", 16)([" ".join(["road"] * 40)])
    assert ids[0].tolist() == [49406, *[1759] * 14, 49407]


def test_cut():
    ids = tokenizer("openclip", "ViT-B-16", 77)(["road", "a photo of a road."])
    assert cut(ids, causal=True).shape == (2, 8)
    assert cut(ids, causal=False).shape == (2, 77)
    assert cut(ids[:0], causal=True).shape == (0, 77)


@pytest.mark.parametrize("word", ["", "  ", "&nbsp;", "...", "-"])
def test_words_without_letters(word):
    with pytest.raises(UsageError, match="has no letters"):
        check_words(["road", word], tokenizer("openclip", "ViT-B-16", 77), SINGLE)


@pytest.mark.parametrize(
    "word", ["<start_of_text>", "red <end_of_text> roof", "<START_OF_TEXT>", "&lt;end_of_text&gt; road"]
)
def test_marks_of_the_tokenizer(word):
    with pytest.raises(UsageError, match="holds a mark with which the tokenizer") as caught:
        check_words(["road", word], tokenizer("openclip", "ViT-B-16", 77), SINGLE)
    assert "<end_of_text>" in caught.value.remedy
    check_words(["<tree>"], tokenizer("openclip", "ViT-B-16", 77), SINGLE)


def test_words_longer_than_the_context():
    tokens = tokenizer("openclip", "ViT-B-16", 77)
    fits, too_long = " ".join(["road"] * 70), " ".join(["road"] * 71)
    check_words([fits], tokens, SINGLE)
    with pytest.raises(UsageError, match="71 tokens long, but the model's context of 77 leaves 70") as caught:
        check_words([too_long], tokens, SINGLE)
    assert "..." in caught.value.problem
    assert "farslip2-b16" in caught.value.remedy
    check_words([too_long], tokenizer("openclip", "ViT-B-16", 248), load_templates("imagenet80"))


def test_sentences_longer_than_the_context():
    with pytest.raises(UsageError, match="leaves 0 beside"):
        check_words(["a"], tokenizer("openclip", "ViT-B-16", 4), SINGLE)


KNOWN = {"road": 5, "tree": 6, "a": 7, "<eos>": 1, "<unk>": 3}


class FakePieces:
    """A tokenizer of transformers."""

    all_special_ids = (1, 3)
    unk_token_id = 3

    def __call__(self, text, add_special_tokens):
        assert not add_special_tokens
        return SimpleNamespace(input_ids=[KNOWN[word] for word in text.split()])


class FakeHub:
    """A tokenizer of the hub, as open_clip wraps it, that knows three words."""

    clean_fn = staticmethod(lambda text: text.strip("!").lower())

    tokenizer = FakePieces()

    def __call__(self, texts, length):
        rows = [self.tokenizer(self.clean_fn(text), add_special_tokens=False).input_ids for text in texts]
        return [[*row, *[1] * (length - len(row))] for row in rows]


class FakeLibrary:
    def __init__(self, error=None):
        self.error = error

    def get_model_config(self, name):
        return {"text_cfg": {"hf_tokenizer_name": f"timm/{name}"}}

    def get_tokenizer(self, name, context_length):
        if self.error:
            raise self.error
        return FakeHub()


def test_siglip(monkeypatch):
    monkeypatch.setattr(module, "open_clip", FakeLibrary)
    tokens = tokenizer("siglip", "ViT-B-16-SigLIP", 8)
    assert tokens(["Road", "a tree"]).shape == (2, 8)
    assert list(tokens.split("A ROAD!")) == [7, 5]
    assert not tokens.causal
    with pytest.raises(UsageError, match="has no letters"):
        check_words(["!!!"], tokens, Templates("bare", ("{}",)))
    with pytest.raises(UsageError, match="holds a mark"):
        check_words(["road <eos>"], tokens, Templates("bare", ("{}",)))
    check_words(["road <unk>"], tokens, Templates("bare", ("{}",)))


@pytest.mark.parametrize(
    ("error", "kind", "problem"),
    [(OSError("offline"), DataError, "hub cannot be reached"), (ImportError("x"), UsageError, "needs transformers")],
)
def test_siglip_without_its_tokenizer(monkeypatch, error, kind, problem):
    monkeypatch.setattr(module, "open_clip", lambda: FakeLibrary(error))
    with pytest.raises(kind, match=problem):
        tokenizer("siglip", "ViT-B-16-SigLIP", 64)


class Pieces:
    """A SentencePiece model of two words."""

    def __init__(self, model_file):
        self.known = {"road": 5, "a": 7}

    def encode(self, text):
        return [self.known[word] for word in text.split()]


def test_tips(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sentencepiece", SimpleNamespace(SentencePieceProcessor=Pieces))
    with pytest.raises(DataError, match="tokenizer of TIPS is not here") as caught:
        tokenizer("tips", "ViT-B-14", 8)
    assert "tips.model" in caught.value.remedy
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "tips.model").write_bytes(b"x")
    tokens = tokenizer("tips", "ViT-B-14", 4)
    assert tokens(["A ROAD", "road road road road road"]).tolist() == [[7, 5, 0, 0], [5, 5, 5, 5]]
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(UsageError, match="needs sentencepiece"):
        tokenizer("tips", "ViT-B-14", 8)
