"""CLCFormer computed plainly, as its description reads: the yardstick of `networks.py`.

Same weights and same outputs as `landwright.networks`, other arithmetic: the deformable convolution gathers four
neighbours per tap into a map of three times the size, attention on pooled features runs dilated 3x3 convolutions,
SwinV2 runs timm's own blocks built for one size, modules that the description builds but never calls are built,
and the loss pools the mask over 31 x 31 pixels once for every map.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from timm.models.swin_transformer_v2 import SwinTransformerV2
from torch import Tensor, nn

from landwright.networks import Outputs
from landwright.networks.clcformer import CLCFormer
from landwright.networks.layers.attention import PooledAttention, PooledLinear, SeparableConv
from landwright.networks.layers.deform import DeformConv2d
from landwright.networks.layers.fusion import AttentionResidual
from landwright.networks.layers.swin import SwinBranch

MAP_WEIGHTS = (0.15, 0.15, 0.3, 0.4)


class GatheredDeformConv(nn.Module):
    """Deformable 3x3 convolution by gathering from a padded map."""

    def __init__(self, own: DeformConv2d) -> None:
        super().__init__()
        self.conv, self.p_conv = own.conv, own.p_conv

    def forward(self, x: Tensor) -> Tensor:
        offset = self.p_conv(x)
        x = F.pad(x, (1, 1, 1, 1))
        height, width = x.shape[-2:]
        rows, columns = torch.meshgrid(torch.arange(-1, 2), torch.arange(-1, 2), indexing="ij")
        taps = torch.cat((rows.flatten(), columns.flatten())).view(1, 18, 1, 1)
        row, column = torch.meshgrid(torch.arange(1, height - 1), torch.arange(1, width - 1), indexing="ij")
        centre = torch.cat((row.expand(1, 9, -1, -1), column.expand(1, 9, -1, -1)), 1)
        position = (offset + (centre + taps).to(offset)).permute(0, 2, 3, 1)
        limit = torch.tensor([height - 1] * 9 + [width - 1] * 9, device=x.device, dtype=x.dtype)
        low = position.detach().floor()
        high = torch.minimum((low + 1).clamp(min=0), limit)
        low = torch.minimum(low.clamp(min=0), limit)
        position = torch.minimum(position.clamp(min=0), limit)
        total: Tensor | None = None
        for first in (low, high):
            for second in (low, high):
                corner = torch.cat((first[..., :9], second[..., 9:]), -1)
                toward = torch.where(corner > position, -1.0, 1.0)
                weight = 1 + toward * (corner - position)
                share = (weight[..., :9] * weight[..., 9:]).clamp(min=0)
                value = share.unsqueeze(1) * self._gather(x, corner.long())
                total = value if total is None else total + value
        assert total is not None
        batch, channels, rows_out, columns_out, _ = total.shape
        wide = total.view(batch, channels, rows_out, columns_out, 3, 3).permute(0, 1, 2, 4, 3, 5)
        return F.conv2d(wide.reshape(batch, channels, 3 * rows_out, 3 * columns_out), self.conv.weight, stride=3)

    @staticmethod
    def _gather(x: Tensor, corner: Tensor) -> Tensor:
        batch, height, width, _ = corner.shape
        index = corner[..., :9] * x.shape[3] + corner[..., 9:]
        index = index.unsqueeze(1).expand(-1, x.shape[1], -1, -1, -1).flatten(2)
        return x.flatten(2).gather(-1, index).view(batch, x.shape[1], height, width, 9)


class PlainPooledAttention(nn.Module):
    """Channel attention with dilated convolutions on 1x1 maps."""

    def __init__(self, own: PooledAttention) -> None:
        super().__init__()
        self.mean, self.peak, self.gate = (_separable(part) for part in (own.mean, own.peak, own.gate))

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.relu(self.mean(F.adaptive_avg_pool2d(x, 1)) + self.peak(F.adaptive_max_pool2d(x, 1)))
        return x * torch.sigmoid(self.gate(hidden))


def _separable(own: PooledLinear) -> SeparableConv:
    conv = SeparableConv(own.point.in_features, own.point.out_features, 8)
    with torch.no_grad():
        conv.depth_conv.weight[:, 0, 1, 1] = own.scale
        conv.depth_conv.bias.copy_(own.shift)
        conv.point_conv.weight.copy_(own.point.weight[:, :, None, None])
        conv.point_conv.bias.copy_(own.point.bias)
    return conv


class NativeSwin(nn.Module):
    """timm's network built for one size, tapped as the released code taps it."""

    def __init__(self, own: SwinBranch, size: int, depths: tuple[int, ...], heads: tuple[int, ...], dim: int) -> None:
        super().__init__()
        self.whole = SwinTransformerV2(
            img_size=size, num_classes=0, window_size=own.window, embed_dim=dim, depths=depths, num_heads=heads,
            drop_path_rate=0.2,
        )  # fmt: skip
        self.whole.load_state_dict(own.state_dict(), strict=False)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        tokens, taps = self.whole.patch_embed(image), []
        for stage in self.whole.layers:
            tokens = stage.downsample(tokens)
            taps.append(tokens)
            for block in stage.blocks:
                tokens = block(tokens)
        return tuple(tap.permute(0, 3, 1, 2) for tap in (*taps[:3], tokens))


def restate(network: CLCFormer, size: int) -> CLCFormer:
    """Return the plain form of a network with released taps, for square images of one size."""
    plain = copy.deepcopy(network)
    layout = plain.layout
    for fusion in plain.fusions:
        fusion.df_conv = GatheredDeformConv(fusion.df_conv)
        fusion.channel = PlainPooledAttention(fusion.channel)
    swin = NativeSwin(plain.transformer, size, layout.depths, layout.num_heads, layout.embed_dim)
    plain.transformer = swin
    plain.never_called = nn.ModuleList(AttentionResidual(width, width // 2) for width in (384, 128, 64))
    return plain


def structure_total(outputs: Outputs, mask: Tensor) -> Tensor:
    """Deeply supervised structure loss, the weights of pixels made anew for every map."""
    total = mask.new_zeros((), dtype=torch.float32)
    truth = mask[:, None].float()
    for weight, logits in zip(MAP_WEIGHTS, (*outputs.auxiliary, outputs.classes), strict=True):
        pixel = 1 + 5 * (F.avg_pool2d(truth, 31, stride=1, padding=15) - truth).abs()
        entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        entropy = (pixel * entropy).sum((2, 3)) / pixel.sum((2, 3))
        both = (pixel * logits.sigmoid() * truth).sum((2, 3))
        either = (pixel * (logits.sigmoid() + truth)).sum((2, 3))
        total = total + weight * (entropy + 1 - (both + 1) / (either - both + 1)).mean()
    return total
