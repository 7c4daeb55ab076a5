"""Mixed-scale gating, the network's main operation, in bf16 as six Triton kernels.

It computes W4 (gelu(p) q) + b4 with u = W2 x + b2, d = depthwise 3x3 of u, p = W1 x + b1 and q = W3 d + b3. Tensors of
pixels are [N, C] bf16, N = B * H * W as in channels_last. Weights are fp32 as in the network, matrices are [out, in],
`taps` are [C, 9]. In the backward pass, `grad` is the gradient of the loss with respect to the result, `grad_d` to d,
and so on. Each program adds up the weights' gradients over its tiles, in `sums` [programs, size] fp32, in the order
of `MixedScaleGating.weights`: W1 to W4, b1 to b4, the bias of d, the taps.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

# The fastest settings on an H200; TILE is a number of pixels.
EXPAND = {"TILE": 128, "num_warps": 8}
GATE = {"TILE": 64, "num_warps": 4, "num_stages": 1}
GATE_BACKWARD = {"TILE": 32, "num_warps": 4, "num_stages": 2}
EXPAND_BACKWARD = {"TILE": 64, "num_warps": 4, "num_stages": 1}
TAPS_BACKWARD = {"TILE": 16, "num_warps": 4}
TOTAL = {"ROWS": 64, "COLUMNS": 32}
PROGRAMS_PER_PROCESSOR = 2


@triton.jit
def places(pixel, C: tl.constexpr):
    return pixel[:, None] * C + tl.arange(0, C)[None, :]


@triton.jit
def stored(matrix, kind: tl.constexpr, C: tl.constexpr):
    """[out, in]"""
    side = tl.arange(0, C)
    return tl.load(matrix + side[:, None] * C + side[None, :]).to(kind)


@triton.jit
def transposed(matrix, kind: tl.constexpr, C: tl.constexpr):
    """[in, out]"""
    side = tl.arange(0, C)
    return tl.load(matrix + side[None, :] * C + side[:, None]).to(kind)


@triton.jit
def row_of(vector, C: tl.constexpr):
    return tl.load(vector + tl.arange(0, C))[None, :]


@triton.jit
def neighbours(pixel, dy, dx, H, W):
    """The pixels dy rows down and dx columns to the right, reflected at the borders of their picture."""
    row, column = pixel // W % H, pixel % W
    y, x = tl.abs(row + dy), tl.abs(column + dx)
    y = tl.where(y < H, y, 2 * H - 2 - y)
    x = tl.where(x < W, x, 2 * W - 2 - x)
    return pixel + (y - row) * W + x - column


@triton.jit
def normal_share(p):
    """The distribution function of the normal distribution: gelu(p) = p * normal_share(p)."""
    return 0.5 + 0.5 * tl.erf(p * 0.7071067811865476)


@triton.jit
def expand(x, u, w2, b2, C: tl.constexpr, TILE: tl.constexpr):
    kind: tl.constexpr = x.dtype.element_ty
    at = places(tl.program_id(0) * TILE + tl.arange(0, TILE), C)
    tl.store(u + at, (tl.dot(tl.load(x + at), transposed(w2, kind, C)) + row_of(b2, C)).to(kind))


@triton.jit
def gate(
    x,
    u,
    d,
    out,
    w1,
    b1,
    taps,
    bd,
    w3,
    b3,
    w4,
    b4,
    tiles,
    H: tl.constexpr,
    W: tl.constexpr,
    C: tl.constexpr,
    TILE: tl.constexpr,
):
    kind: tl.constexpr = x.dtype.element_ty
    channel = tl.arange(0, C)
    w1_across, w3_across, w4_across = transposed(w1, kind, C), transposed(w3, kind, C), transposed(w4, kind, C)
    bias1, bias3, bias4, bias = row_of(b1, C), row_of(b3, C), row_of(b4, C), row_of(bd, C)
    for tile in range(tl.program_id(0), tiles, tl.num_programs(0)):
        pixel = tile * TILE + tl.arange(0, TILE)
        at = places(pixel, C)
        local = tl.zeros([TILE, C], tl.float32) + bias
        for tap in tl.static_range(9):
            there = neighbours(pixel, tap // 3 - 1, tap % 3 - 1, H, W)
            local += tl.load(u + places(there, C)).to(tl.float32) * tl.load(taps + channel * 9 + tap)[None, :]
        narrow = local.to(kind)
        tl.store(d + at, narrow)
        q = tl.dot(narrow, w3_across) + bias3
        p = tl.dot(tl.load(x + at), w1_across) + bias1
        product = (p * normal_share(p) * q).to(kind)
        tl.store(out + at, (tl.dot(product, w4_across) + bias4).to(kind))


@triton.jit
def store_matrix(sums, offset, value, C: tl.constexpr):
    side = tl.arange(0, C)
    tl.store(sums + offset + side[:, None] * C + side[None, :], value)


@triton.jit
def gate_backward(
    grad, x, d, grad_d, grad_x, sums, w1, b1, w3, b3, w4, tiles, SIZE: tl.constexpr, C: tl.constexpr, TILE: tl.constexpr
):
    """Computes `grad_d`, p's share of `grad_x`, and `sums` for W1, W3, W4, b1, b3, b4 and the bias of d."""
    kind: tl.constexpr = x.dtype.element_ty
    channel = tl.arange(0, C)
    zero, zeros = tl.zeros([C], tl.float32), tl.zeros([C, C], tl.float32)
    g1, g3, g4, s1, s3, s4, sd = zeros, zeros, zeros, zero, zero, zero, zero
    w1_across, w3_across = transposed(w1, kind, C), transposed(w3, kind, C)
    w1_back, w3_back, w4_back = stored(w1, kind, C), stored(w3, kind, C), stored(w4, kind, C)
    bias1, bias3 = row_of(b1, C), row_of(b3, C)
    for tile in range(tl.program_id(0), tiles, tl.num_programs(0)):
        at = places(tile * TILE + tl.arange(0, TILE), C)
        source, local, above = tl.load(x + at), tl.load(d + at), tl.load(grad + at)
        p = tl.dot(source, w1_across) + bias1
        q = tl.dot(local, w3_across) + bias3
        share = normal_share(p)
        gated = p * share
        product = tl.dot(above, w4_back)
        g4 = tl.dot(tl.trans(above), (gated * q).to(kind), g4)
        s4 += tl.sum(above.to(tl.float32), 0)
        by_q = product * gated
        by_p = product * q * (share + p * tl.exp(-0.5 * p * p) * 0.3989422804014327)
        s3 += tl.sum(by_q, 0)
        s1 += tl.sum(by_p, 0)
        by_q, by_p = by_q.to(kind), by_p.to(kind)
        g3 = tl.dot(tl.trans(by_q), local, g3)
        g1 = tl.dot(tl.trans(by_p), source, g1)
        by_d = tl.dot(by_q, w3_back)
        sd += tl.sum(by_d, 0)
        tl.store(grad_d + at, by_d.to(kind))
        tl.store(grad_x + at, tl.dot(by_p, w1_back).to(kind))
    sums += tl.program_id(0) * SIZE
    store_matrix(sums, 0, g1, C)
    store_matrix(sums, 2 * C * C, g3, C)
    store_matrix(sums, 3 * C * C, g4, C)
    sums += 4 * C * C + channel
    tl.store(sums, s1)
    tl.store(sums + 2 * C, s3)
    tl.store(sums + 3 * C, s4)
    tl.store(sums + 4 * C, sd)


@triton.jit
def seen_from(grad_d, taps, pixel, dy: tl.constexpr, dx: tl.constexpr, H, W, C: tl.constexpr):
    """The gradient with respect to pixels of u through their neighbours dy rows down and dx columns to the right."""
    row, column = pixel // W % H + dy, pixel % W + dx
    inside = (row >= 0) & (row < H) & (column >= 0) & (column < W)
    grad = tl.load(grad_d + places(pixel + dy * W + dx, C), mask=inside[:, None], other=0.0).to(tl.float32)
    tap = taps + tl.arange(0, C) * 9 + 4
    weight = tl.load(tap - 3 * dy - dx)[None, :]
    # A neighbour at the border has read the pixel twice, the second time as its reflection.
    reflected_y = ((row == 0) | (row == H - 1)).to(tl.float32)[:, None]
    reflected_x = ((column == 0) | (column == W - 1)).to(tl.float32)[:, None]
    if dy != 0:
        weight += reflected_y * tl.load(tap + 3 * dy - dx)[None, :]
    if dx != 0:
        second = tl.load(tap - 3 * dy + dx)[None, :]
        if dy != 0:
            second += reflected_y * tl.load(tap + 3 * dy + dx)[None, :]
        weight += reflected_x * second
    return grad * weight


@triton.jit
def expand_backward(
    grad_d,
    x,
    grad_x,
    sums,
    taps,
    w2,
    tiles,
    H: tl.constexpr,
    W: tl.constexpr,
    SIZE: tl.constexpr,
    C: tl.constexpr,
    TILE: tl.constexpr,
):
    """Adds u's share to `grad_x`, and computes `sums` for W2 and b2."""
    kind: tl.constexpr = x.dtype.element_ty
    channel = tl.arange(0, C)
    g2, s2 = tl.zeros([C, C], tl.float32), tl.zeros([C], tl.float32)
    w2_back = stored(w2, kind, C)
    for tile in range(tl.program_id(0), tiles, tl.num_programs(0)):
        pixel = tile * TILE + tl.arange(0, TILE)
        at = places(pixel, C)
        by_u = tl.zeros([TILE, C], tl.float32)
        for place in tl.static_range(9):
            by_u += seen_from(grad_d, taps, pixel, place // 3 - 1, place % 3 - 1, H, W, C)
        s2 += tl.sum(by_u, 0)
        narrow = by_u.to(kind)
        g2 = tl.dot(tl.trans(narrow), tl.load(x + at), g2)
        by_x = tl.dot(narrow, w2_back) + tl.load(grad_x + at).to(tl.float32)
        tl.store(grad_x + at, by_x.to(kind))
    sums += tl.program_id(0) * SIZE
    store_matrix(sums, C * C, g2, C)
    tl.store(sums + 4 * C * C + C + channel, s2)


@triton.jit
def product_at(u, by_d, pixel, dy, dx, H, W, C: tl.constexpr):
    return by_d * tl.load(u + places(neighbours(pixel, dy, dx, H, W), C)).to(tl.float32)


@triton.jit
def taps_backward(
    grad_d, u, sums, tiles, H: tl.constexpr, W: tl.constexpr, SIZE: tl.constexpr, C: tl.constexpr, TILE: tl.constexpr
):
    zero = tl.zeros([TILE, C], tl.float32)
    t0, t1, t2, t3, t4, t5, t6, t7, t8 = zero, zero, zero, zero, zero, zero, zero, zero, zero
    for tile in range(tl.program_id(0), tiles, tl.num_programs(0)):
        pixel = tile * TILE + tl.arange(0, TILE)
        by_d = tl.load(grad_d + places(pixel, C)).to(tl.float32)
        t0 += product_at(u, by_d, pixel, -1, -1, H, W, C)
        t1 += product_at(u, by_d, pixel, -1, 0, H, W, C)
        t2 += product_at(u, by_d, pixel, -1, 1, H, W, C)
        t3 += product_at(u, by_d, pixel, 0, -1, H, W, C)
        t4 += product_at(u, by_d, pixel, 0, 0, H, W, C)
        t5 += product_at(u, by_d, pixel, 0, 1, H, W, C)
        t6 += product_at(u, by_d, pixel, 1, -1, H, W, C)
        t7 += product_at(u, by_d, pixel, 1, 0, H, W, C)
        t8 += product_at(u, by_d, pixel, 1, 1, H, W, C)
    sums += tl.program_id(0) * SIZE + 4 * C * C + 5 * C + tl.arange(0, C) * 9
    tl.store(sums, tl.sum(t0, 0))
    tl.store(sums + 1, tl.sum(t1, 0))
    tl.store(sums + 2, tl.sum(t2, 0))
    tl.store(sums + 3, tl.sum(t3, 0))
    tl.store(sums + 4, tl.sum(t4, 0))
    tl.store(sums + 5, tl.sum(t5, 0))
    tl.store(sums + 6, tl.sum(t6, 0))
    tl.store(sums + 7, tl.sum(t7, 0))
    tl.store(sums + 8, tl.sum(t8, 0))


@triton.jit
def total(sums, row, programs, SIZE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """[programs, SIZE] -> [SIZE]"""
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    part = tl.zeros([ROWS, COLUMNS], tl.float32)
    for first in range(0, programs, ROWS):
        line = first + tl.arange(0, ROWS)
        inside = (line < programs)[:, None] & (column < SIZE)[None, :]
        part += tl.load(sums + line[:, None] * SIZE + column[None, :], mask=inside, other=0.0)
    tl.store(row + column, tl.sum(part, 0), mask=column < SIZE)


def programs_on(device: torch.device) -> int:
    if device.type != "cuda":
        return 3  # Triton's interpreter
    return PROGRAMS_PER_PROCESSOR * torch.cuda.get_device_properties(device).multi_processor_count


def tiles_of(x: Tensor, settings: dict[str, int]) -> int:
    if not x.is_contiguous(memory_format=torch.channels_last):
        raise ValueError(f"Expected channels_last, got strides {x.stride()}")
    batch, _, height, width = x.shape
    pixels, tile = batch * height * width, settings["TILE"]
    if pixels % tile:
        raise ValueError(f"Expected a multiple of {tile} pixels, got {pixels}")
    return pixels // tile


def forward(x: Tensor, weights: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    w1, w2, w3, w4, b1, b2, b3, b4, bd, taps = weights
    channels, height, width = x.shape[1:]
    u, d, out = (torch.empty_like(x) for _ in range(3))
    expand[(tiles_of(x, EXPAND),)](x, u, w2, b2, C=channels, **EXPAND)
    gate[(programs_on(x.device),)](
        x, u, d, out, w1, b1, taps, bd, w3, b3, w4, b4, tiles_of(x, GATE), height, width, C=channels, **GATE
    )
    return out, u, d


def backward(grad: Tensor, x: Tensor, u: Tensor, d: Tensor, weights: list[Tensor]) -> tuple[Tensor, Tensor]:
    w1, w2, w3, w4, b1, _, b3, _, _, taps = weights
    channels, height, width = x.shape[1:]
    grad_d, grad_x = torch.empty_like(x), torch.empty_like(x)
    programs, size = programs_on(x.device), sum(weight.numel() for weight in weights)
    sums, row = torch.empty(programs, size, device=x.device), torch.empty(size, device=x.device)
    shape = {"SIZE": size, "C": channels}
    grid = (programs,)
    tiles = tiles_of(grad, GATE_BACKWARD)
    gate_backward[grid](grad, x, d, grad_d, grad_x, sums, w1, b1, w3, b3, w4, tiles, **shape, **GATE_BACKWARD)
    tiles = tiles_of(x, EXPAND_BACKWARD)
    expand_backward[grid](grad_d, x, grad_x, sums, taps, w2, tiles, height, width, **shape, **EXPAND_BACKWARD)
    taps_backward[grid](grad_d, u, sums, tiles_of(x, TAPS_BACKWARD), height, width, **shape, **TAPS_BACKWARD)
    total[(triton.cdiv(size, TOTAL["COLUMNS"]),)](sums, row, programs, SIZE=size, **TOTAL)
    return grad_x, row
