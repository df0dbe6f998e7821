import pytest

from landwright.errors import UsageError
from landwright.networks.clip.families import FAMILIES
from landwright.words.registry import DEFAULT_MODEL, OWN, list_models, model_info
from landwright.words.shapes import sizes


def test_every_entry_is_sound():
    names = list_models()
    assert names[-1] == OWN
    assert DEFAULT_MODEL in names
    assert len(set(names)) == len(names)
    for info in map(model_info, names):
        assert info.family in FAMILIES
        assert info.licence_words
        assert info.hub is not None or info.url is not None or info.name == OWN
        # A licence that is not known is said to be so, never left to be guessed.
        assert info.licence is not None or info.licence_note is not None
        assert len(info.mean) == len(info.std) == 3
        if info.architecture and info.family in ("openclip", "flair"):
            assert sizes(info.architecture).patch == int(info.architecture.split("-")[2])


@pytest.mark.parametrize(
    ("name", "activation", "reference", "context"),
    [
        ("farslip1-b16", "quick_gelu", None, 77),
        ("farslip2-b32", "quick_gelu", None, 248),
        ("georsclip-b32", "quick_gelu", "gelu", 77),
        ("skyclip-l14", "quick_gelu", "gelu", 77),
        ("skyclip-b32", "gelu", None, 77),
        ("remoteclip-l14", "gelu", None, 77),
        ("lrsclip-b16", "quick_gelu", None, 248),
        ("metaclip-b16", "quick_gelu", None, 77),
        ("own", None, None, None),
    ],
)
def test_facts(name, activation, reference, context):
    info = model_info(name)
    assert (info.activation, info.reference_activation, info.context) == (activation, reference, context)


def test_scalings():
    assert model_info("clip-b16").mean == pytest.approx((0.48145466, 0.4578275, 0.40821073), abs=2e-6)
    assert model_info("siglip-b16").std == (0.5,) * 3
    assert model_info("tips-b14").mean == (0.0,) * 3


def test_an_unknown_name():
    with pytest.raises(UsageError, match="no vision-language model is named 'farslip-b16'") as caught:
        model_info("farslip-b16")
    assert "farslip1-b16" in caught.value.remedy
    with pytest.raises(UsageError) as caught:
        model_info("???")
    assert "Known: farslip1-b16" in caught.value.remedy
