"""Pack the weights of every model for the edge engine: `python -m training.pack PICTURE...`.

`ssiu-x2.int8.safetensors` holds each 64x64 part of a 1x1 convolution as `.matrix`, int8 [16 (c / 4), 64 o, 4 (c % 4)],
and `.scales`, float32 [3, 64]: the scale, the scale times the sum of the levels, the bias. For a few parts, `.rest`
holds the error of that matrix likewise. Each input is described by `.inputs`, float32 [2, 64]: offset, factor
(quantize.py). Everything else is float32 with channels innermost.
"""

import argparse
import hashlib
from pathlib import Path

import torch
from torch import Tensor

from training.checkpoint import with_notes, write_atomically
from training.data import read_picture
from training.models import MODELS, Model, present
from training.network import CHANNELS, SSIU
from training.quantize import ROUNDS, Rounded, input_of, pointwise, rounded_network
from training.weights import load_network

VERSION = "3"  # src/engine/weights.ts refuses any other
SUFFIXES = ("", ".rest")  # of the names of a convolution's matrices
SIDE = 64  # of the sample of each picture, in px


def sample(path: Path, scale: int) -> Tensor:
    """[1, 3, SIDE, SIDE]: every `scale`-th pixel of a corner, not smoothed, as sharp as inputs get."""
    picture, reach = read_picture(path), SIDE * scale
    part = picture[:reach:scale, :reach:scale]
    if part.shape[:2] != (SIDE, SIDE):
        raise ValueError(f"Expected {reach} px and more for {path}, got {picture.shape[1]}x{picture.shape[0]}")
    return part.permute(2, 0, 1)[None].float() / 255


def parts_of(name: str, outputs: int) -> dict[str, slice]:
    """The outputs of each 64x64 part of a convolution: q, k, v, or one for each pixel of PixelShuffle."""
    if name.endswith("qkv_conv"):
        return {f"{name}.{part}": slice(i * CHANNELS, (i + 1) * CHANNELS) for i, part in enumerate("qkv")}
    if name.startswith("tail."):
        count = outputs // CHANNELS
        return {f"{name}.{part}": slice(part, None, count) for part in range(count)}
    return {name: slice(None)}


def packed_matrices(convolutions: dict[str, Rounded]) -> dict[str, Tensor]:
    packed = {}
    for name, convolution in convolutions.items():
        packed[input_of(name)] = convolution.inputs
        bias = convolution.bias
        for suffix, levels, scale in zip(SUFFIXES, convolution.levels, convolution.scale, strict=False):
            for part, rows in parts_of(name, len(bias)).items():
                to = part + suffix
                packed[f"{to}.matrix"] = levels[rows].unflatten(1, (-1, 4)).permute(1, 0, 2)
                packed[f"{to}.scales"] = torch.stack((scale[rows], scale[rows] * levels[rows].sum(dim=1), bias[rows]))
            bias = torch.zeros_like(bias)
    return packed


def unpacked(packed: dict[str, Tensor], network: SSIU) -> dict[str, Rounded]:
    """Inverse of `packed_matrices`."""
    convolutions = {}
    for name, module in pointwise(network).items():
        outputs, rounds = module.out_channels, ROUNDS.get(name, 1)
        levels = torch.empty(rounds, outputs, module.in_channels, dtype=torch.int8)
        scale, bias = torch.empty(rounds, outputs), torch.zeros(outputs)
        for i, suffix in enumerate(SUFFIXES[:rounds]):
            for part, rows in parts_of(name, outputs).items():
                to = part + suffix
                levels[i, rows] = packed[f"{to}.matrix"].permute(1, 0, 2).flatten(1)
                scale[i, rows] = packed[f"{to}.scales"][0]
                bias[rows] += packed[f"{to}.scales"][2]
        convolutions[name] = Rounded(levels, scale, bias, packed[input_of(name)])
    return convolutions


def packed_rest(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Everything but the 1x1 convolutions; `tail` ends with a zero so that it fills a multiple of 16 bytes."""
    packed = {}
    for name, weight in state.items():
        at, bias = name.removesuffix(".weight"), state.get(name.removesuffix("weight") + "bias")
        if name.endswith("norm.body.weight"):
            packed[at.removesuffix(".body")] = torch.stack((weight, bias))
        elif name.endswith("rel_h"):
            rows = (weight, state[name.removesuffix("h") + "w"])
            packed[f"{name.removesuffix('rel_h')}position"] = torch.cat([row.flatten(0, 2) for row in rows])
        elif weight.shape[2:] == (3, 3):
            taps = weight.permute(2, 3, 0, 1) if at.startswith("tail") else weight.permute(2, 3, 1, 0)
            if at.startswith("tail"):
                packed["tail"] = torch.cat((taps.flatten(), bias, torch.zeros(1)))
            else:
                packed[at] = torch.cat((taps.flatten(0, 2), bias[None]))
    return packed


def pack(model: Model, pictures: list[Path]) -> None:
    network = load_network(model.weights, model.scale)
    samples = [sample(path, model.scale) for path in pictures]
    matrices = packed_matrices(rounded_network(network, samples))
    notes = {
        "version": VERSION,
        "scale": str(model.scale),
        "weights_sha256": hashlib.sha256(model.weights.read_bytes()).hexdigest(),
        "pictures": ", ".join(path.name for path in pictures),
    }
    tensors = matrices | packed_rest(network.state_dict())
    write_atomically(model.packed, with_notes({name: t.contiguous() for name, t in tensors.items()}, notes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE", help="to measure the inputs on")
    parser.add_argument("--models", type=Path, default=MODELS)
    arguments = parser.parse_args()
    for model in present(arguments.models):
        pack(model, arguments.pictures)
        print(model.packed, flush=True)


if __name__ == "__main__":
    main()
