import torch

from landwright.words.kinds import kind_of


def test_kinds():
    assert kind_of({"cls_token": torch.zeros(1), "blocks.0.norm1.weight": 0, "patch_embed.proj.weight": 0})[0] == (
        "a DINO encoder, which knows no words"
    )
    kind, remedy = kind_of({"detector_model.a": torch.zeros(1)})
    assert kind == "a SAM 3 model"
    assert "--as sam3" in remedy
    assert kind_of({f"layer{number}": 0 for number in range(9)})[0].endswith("layer0, layer1, layer2, layer3")
