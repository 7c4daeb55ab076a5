"""SSIU: Structural Similarity-Inspired Unfolding, Ni et al., IEEE TIP 34 (2025), arXiv 2506.11823.

The attribute names are those of the published checkpoints, so that those load with `strict=True`.
Shapes: B batch, C channels, H x W pixels. Images are RGB in [0, 1].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.gating import gating
from training.reflect import ReflectConv3x3
from training.upsample import Upsample2x

CHANNELS = 64
STEPS = 9
HEADS = 4
BLOCK = 8  # side of an attention block on the 2x2-pooled map
HALO = 1  # how far the keys reach beyond their block
PAD_MULTIPLE = 2 * BLOCK


def conv1x1(channels_in: int, channels_out: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 1, bias=bias)


def reflect_right(x: Tensor, dim: int, multiple: int) -> Tensor:
    """Lengthen `dim` to a multiple by reflection, repeatedly if the side is short (1 pixel repeats itself)."""
    last = x.shape[dim] - 1
    padded = (last + multiple) // multiple * multiple
    i = torch.arange(padded, device=x.device)
    i = i % torch.full_like(i, max(2 * last, 1))
    return x.index_select(dim, last - (last - i).abs())


class ChannelNorm(nn.Module):
    """Layer normalisation of every pixel over its channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.LayerNorm(channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class MixedScaleGating(nn.Module):
    """MSGM: a pointwise branch gates a 3x3 branch."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.project_in1 = conv1x1(channels, channels)
        self.project_in2 = nn.Sequential(
            conv1x1(channels, channels),
            ReflectConv3x3(channels, channels, groups=channels),
            conv1x1(channels, channels),
        )
        self.project_out = conv1x1(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        # Use the fused operator only where compiled for training in bf16.
        if x.is_cuda and torch.compiler.is_dynamo_compiling() and torch.is_autocast_enabled("cuda"):
            return gating(x.bfloat16().contiguous(memory_format=torch.channels_last), self.weights())[0]
        return self.project_out(F.gelu(self.project_in1(x)) * self.project_in2(x))

    def weights(self) -> list[Tensor]:
        """The matrices, then their biases, then the bias and the weights of the 3x3 filters."""
        first, taps, last = self.project_in2
        matrices = (self.project_in1, first, last, self.project_out)
        return [*(layer.weight for layer in matrices), *(layer.bias for layer in matrices), taps.bias, taps.weight]


def split_blocks(x: Tensor, heads: int, block: int) -> Tensor:
    """Disjoint blocks: [B, C, h, w] -> [B * blocks * heads, block * block, C / heads]."""
    b, c, h, w = x.shape
    x = x.reshape(b, heads, c // heads, h // block, block, w // block, block)
    return x.permute(0, 3, 5, 1, 4, 6, 2).reshape(-1, block * block, c // heads)


def join_blocks(x: Tensor, heads: int, block: int, size: tuple[int, int, int, int]) -> Tensor:
    """Inverse of `split_blocks`; `size` is the (B, C, h, w) to return."""
    b, c, h, w = size
    x = x.reshape(b, h // block, w // block, heads, block, block, c // heads)
    return x.permute(0, 3, 6, 1, 4, 2, 5).reshape(b, c, h, w)


def neighbourhoods(x: Tensor, block: int, halo: int) -> Tensor:
    """Blocks with a halo of zeros outside the map: [B, C, h, w] -> [B, C, h/block, window, w/block, window].

    A window is a block plus the first 2 * halo lines of the next one, in a map padded by `halo` in front.
    """
    b, c, h, w = x.shape
    x = F.pad(x, (halo, block - halo, halo, block - halo))
    x = x.reshape(b, c, h // block + 1, block, w + block)
    x = torch.cat((x[:, :, :-1], x[:, :, 1:, : 2 * halo]), dim=3)  # [B, C, h/block, window, w + block]
    x = x.reshape(b, c, h // block, block + 2 * halo, w // block + 1, block)
    return torch.cat((x[..., :-1, :], x[..., 1:, : 2 * halo]), dim=5)


class EfficientSparseAttention(nn.Module):
    """ESAM: attention of 8x8 blocks to their 10x10 neighbourhoods on the 2x2-pooled map.

    Expects sides that are multiples of `PAD_MULTIPLE`.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        head_channels = channels // heads
        window = BLOCK + 2 * HALO
        self.qkv_conv = conv1x1(channels, 3 * channels, bias=False)
        self.rel_h = nn.Parameter(torch.randn(1, window, 1, head_channels // 2))
        self.rel_w = nn.Parameter(torch.randn(1, 1, window, head_channels // 2))
        self.LocalProp = nn.Sequential(
            ReflectConv3x3(channels, channels, groups=channels),
            Upsample2x(),
        )

    def split_windows(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> [B * blocks * heads, window * window, C / heads]."""
        b, c, h, w = x.shape
        window = BLOCK + 2 * HALO
        x = neighbourhoods(x, BLOCK, HALO)
        x = x.reshape(b, self.heads, c // self.heads, h // BLOCK, window, w // BLOCK, window)
        return x.permute(0, 3, 5, 1, 4, 6, 2).reshape(-1, window * window, c // self.heads)

    def forward(self, x: Tensor) -> Tensor:
        window = BLOCK + 2 * HALO
        x = F.max_pool2d(x, 2)
        q, k, v = self.qkv_conv(x).chunk(3, dim=1)
        position = torch.cat(
            (self.rel_h.expand(1, window, window, -1), self.rel_w.expand(1, window, window, -1)), dim=3
        ).reshape(window * window, -1)  # [100, 16]
        queries = split_blocks(q, self.heads, BLOCK)  # [n, 64, 16]
        keys = self.split_windows(k) + position  # [n, 100, 16]
        values = self.split_windows(v)  # [n, 100, 16]
        scale = queries.shape[-1] ** -0.5
        weights = ((queries * scale) @ keys.transpose(1, 2)).softmax(dim=-1)  # [n, 64, 100]
        return self.LocalProp(join_blocks(weights @ values, self.heads, BLOCK, q.shape))


class UnfoldingStep(nn.Module):
    """SS-ReM: one step of the unfolded optimisation."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.s1 = MixedScaleGating(channels)  # proximal step of the structural-similarity term
        self.s2 = MixedScaleGating(channels)  # auxiliary variable beta
        self.s3 = EfficientSparseAttention(channels, heads)
        self.s4 = MixedScaleGating(channels)
        self.ffn = MixedScaleGating(channels)

    def forward(self, a: Tensor, y: Tensor) -> Tensor:
        a = self.norm(a)
        b = self.s2(a)
        v = a + self.s1(a) + y
        v = self.s3(v) + v
        a = self.s4(v - b) + b
        return self.ffn(a) + a


class FeatureSelector(nn.Module):
    """MoE-FS: mixes three stages with weights chosen element by element."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc_a = conv1x1(channels, channels)
        self.fc_b = conv1x1(channels, channels)
        self.fc_c = conv1x1(channels, channels)
        self.fuse = conv1x1(channels, channels)

    def forward(self, e1: Tensor, e2: Tensor, e3: Tensor) -> Tensor:
        # A softmax over the three, written out because ONNX Runtime would transpose the whole stack for the operator.
        a, b, c = self.fc_a(e1), self.fc_b(e2), self.fc_c(e3)
        largest = torch.maximum(torch.maximum(a, b), c)
        w1, w2, w3 = (a - largest).exp(), (b - largest).exp(), (c - largest).exp()
        mixed = (e1 * w1 + e2 * w2 + e3 * w3) / (w1 + w2 + w3)
        return self.fuse(mixed) + mixed


def upsampler(channels: int, scale: int) -> nn.Sequential:
    """Features to an image `scale` times as large; x4 goes in two steps of 2."""
    factors = {2: (2,), 3: (3,), 4: (2, 2)}[scale]
    layers: list[nn.Module] = []
    for factor in factors:
        layers += [conv1x1(channels, channels * factor**2), nn.PixelShuffle(factor), nn.GELU()]
    return nn.Sequential(*layers, ReflectConv3x3(channels, 3))


class SSIU(nn.Module):
    """[B, 3, H, W] -> [B, 3, scale * H, scale * W], any H, W >= 1; the output is not clamped."""

    def __init__(self, scale: int, channels: int = CHANNELS, steps: int = STEPS, heads: int = HEADS) -> None:
        super().__init__()
        self.scale = scale
        self.head = ReflectConv3x3(3, channels)
        self.body = nn.ModuleList(UnfoldingStep(channels, heads) for _ in range(steps))
        self.moe = FeatureSelector(channels)
        self.tail = upsampler(channels, scale)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2], image.shape[3]
        x = reflect_right(reflect_right(image, 2, PAD_MULTIPLE), 3, PAD_MULTIPLE)
        y = self.head(x)
        # In training, a view: with `y` as both inputs, the compiler would compile the first step separately.
        a = y.view_as(y) if torch.is_grad_enabled() else y
        stages = []
        for step in self.body:
            a = step(a, y)
            stages.append(a)
        third = len(stages) // 3
        features = self.moe(stages[third - 1], stages[2 * third - 1], stages[3 * third - 1]) + y
        base = F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
        out = self.tail(features) + base
        return out[:, :, : self.scale * height, : self.scale * width]
