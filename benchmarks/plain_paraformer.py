"""Paraformer computed plainly, as its description reads: the yardstick of `networks.py`.

Same weights and same outputs as `landwright.networks`, other arithmetic: separate projections to queries, keys and
values, attention with an explicit softmax, weights standardised by an explicit mean and variance, square images of one
size, and labels masked by class index.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from landwright.networks import Outputs
from landwright.networks.paraformer import Paraformer


class StandardisedConv(nn.Conv2d):
    """Convolution whose filters have mean 0 and variance 1."""

    def forward(self, x: Tensor) -> Tensor:
        mean = self.weight.mean(dim=(1, 2, 3), keepdim=True)
        variance = self.weight.var(dim=(1, 2, 3), keepdim=True, unbiased=False)
        weight = (self.weight - mean) / torch.sqrt(variance + 1e-5)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)


def conv_norm(inputs: int, outputs: int, kernel: int, bias: bool) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def down(inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> nn.Sequential:
    conv = StandardisedConv(inputs, outputs, kernel, stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.GroupNorm(groups, outputs, eps=1e-6), nn.ReLU())


class Block(nn.Module):
    """Resolution-preserving block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        shapes = ((width, 1), (width // 2, 3), (width // 4, 5))
        self.branches = nn.ModuleList(conv_norm(width, outputs, kernel, True) for outputs, kernel in shapes)
        self.fuse = conv_norm(width + width // 2 + width // 4, width, 1, True)

    def forward(self, x: Tensor) -> Tensor:
        return self.fuse(torch.cat([branch(x) for branch in self.branches], dim=1)) + x


class Attention(nn.Module):
    """Multi-head self-attention with separate projections."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        scores = torch.matmul(query, key.transpose(-1, -2)) / query.shape[-1] ** 0.5
        mixed = torch.matmul(torch.softmax(scores, dim=-1), value)
        return self.out(mixed.permute(0, 2, 1, 3).contiguous().view(x.shape))

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.heads, -1).permute(0, 2, 1, 3)


class Layer(nn.Module):
    """Pre-norm transformer layer."""

    def __init__(self, dim: int, heads: int, drop: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.fc1, self.fc2, self.drop = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim), nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.drop(self.fc2(self.drop(F.gelu(self.fc1(self.norm2(x))))))


class PlainParaformer(nn.Module):
    """The published network, of the sizes of one of ours."""

    def __init__(self, own: Paraformer) -> None:
        super().__init__()
        layout, classes = own.layout, own.vit_head.out_channels
        width, bands = own.cnn.stem.out_channels, own.cnn.stem.in_channels
        (half, quarter, coarse), (reduced, at16, at4, wide) = layout.levels, layout.decoder
        self.stem = nn.Conv2d(bands, width, 3, padding=1)
        self.blocks = nn.ModuleList(Block(width) for _ in range(5))
        self.down1 = down(5 * width, half, 3, 2, layout.groups)
        self.down2 = down(half, quarter, 3, 2, layout.groups)
        self.down3 = down(quarter, coarse, 5, 4, layout.groups)
        self.patch = nn.Conv2d(coarse, layout.dim, 1)
        self.position = nn.Parameter(torch.zeros_like(own.transformer.pos_embed))
        self.drop = nn.Dropout(layout.drop_rate)
        self.layers = nn.ModuleList(Layer(layout.dim, layout.heads, layout.drop_rate) for _ in range(layout.depth))
        self.norm = nn.LayerNorm(layout.dim, eps=1e-6)
        self.conv_more = conv_norm(layout.dim, reduced, 3, False)
        self.conv1 = conv_norm(reduced + coarse, at16, 3, False)
        self.conv2 = conv_norm(at16 + quarter, at4, 3, False)
        self.conv3 = conv_norm(at4 + half, 1, 3, False)
        self.conv4 = conv_norm(at4 + half, wide, 3, False)
        self.head1 = nn.Conv2d(width + 1, classes, 3, padding=1)
        self.head2 = nn.Conv2d(wide, classes, 3, padding=1)
        self.up2 = nn.UpsamplingBilinear2d(scale_factor=2)
        self.up4 = nn.UpsamplingBilinear2d(scale_factor=4)

    def forward(self, image: Tensor) -> Outputs:
        x, features = self.stem(image), []
        for block in self.blocks:
            x = block(x)
            features.append(x)
        d1 = self.down1(torch.cat(features, dim=1))
        d2 = self.down2(d1)
        d3 = self.down3(d2)
        tokens = self.drop(self.patch(d3).flatten(2).transpose(-1, -2) + self.position)
        for layer in self.layers:
            tokens = layer(tokens)
        tokens = self.norm(tokens)
        batch, count, dim = tokens.shape
        side = int(count**0.5)
        y = self.conv_more(tokens.permute(0, 2, 1).contiguous().view(batch, dim, side, side))
        y = self.conv1(torch.cat([y, d3], dim=1))
        y = self.conv2(torch.cat([self.up4(y), d2], dim=1))
        y = torch.cat([self.up2(y), d1], dim=1)
        guide, wide = self.up2(self.conv3(y)), self.up2(self.conv4(y))
        first = self.head1(torch.cat([guide, x], dim=1))
        second = self.head2(wide)
        return Outputs(classes=(first + second) / 2, auxiliary=(first, second))


RENAMED = (
    ("cnn.downs.0.", "down1."), ("cnn.downs.1.", "down2."), ("cnn.downs.2.", "down3."), ("cnn.", ""),
    ("patch_embed.", "patch."), ("transformer.blocks.", "layers."), ("transformer.pos_embed", "position"),
    ("transformer.", ""), ("reduce.", "conv_more."), ("join16.", "conv1."), ("join4.", "conv2."),
    ("guide.", "conv3."), ("widen.", "conv4."), ("cnn_head.", "head1."), ("vit_head.", "head2."),
)  # fmt: skip


def restate(network: Paraformer) -> PlainParaformer:
    """Return the plain form of a network, for square images of the size of its position table."""
    state: dict[str, Tensor] = {}
    for name, tensor in network.state_dict().items():
        ours, theirs = next(pair for pair in RENAMED if name.startswith(pair[0]))
        renamed = (theirs + name.removeprefix(ours)).replace(".attn.proj.", ".attn.out.").replace(".mlp.", ".")
        if ".attn.qkv." in renamed:
            for part, rows in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                state[renamed.replace("qkv", part)] = rows
        else:
            state[renamed] = tensor
    plain = PlainParaformer(network)
    plain.load_state_dict(state)
    return plain.to(tensor.device)


def plat_loss(outputs: Outputs, labels: Tensor) -> Tensor:
    """Pseudo-label-assisted training as published: class 0 is no label."""
    first, second = outputs.auxiliary
    agreed = torch.where(first.argmax(dim=1) == labels, labels, 0)
    labelled = F.cross_entropy(first, labels, ignore_index=0)
    return 0.5 * labelled + 0.5 * F.cross_entropy(second, agreed, ignore_index=0)
