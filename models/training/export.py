"""Export the weights to ONNX: `python -m training.export` (from the repository root).

Each `models/ssiu-x*.safetensors` becomes a `.onnx` beside it: input `lr` [N, 3, H, W], output `sr`
[N, 3, scale * H, scale * W], float32 RGB in [0, 1], any N, H, W >= 1; the output is not clamped. The same weights and
versions give the same bytes. `debug-state-x{2,3,4}.safetensors` hold intermediate results of the clean networks.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from training.checkpoint import write_atomically
from training.debug_state import write_debug_state
from training.models import MODELS, SCALES, Model, present
from training.network import SSIU
from training.weights import load_network

OPSET = 20  # the first with Gelu as one operator
TOLERANCE = 1e-4
SIZES = ((1, 1, 1), (1, 1, 37), (3, 5, 7), (1, 16, 16), (2, 24, 40), (1, 33, 70))


@torch.no_grad()
def to_onnx(network: SSIU) -> bytes:
    example = torch.zeros(2, 3, 24, 40)
    batch, height, width = (torch.export.Dim(name, min=1) for name in ("batch", "height", "width"))
    program = torch.onnx.export(
        network.eval(),
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=["lr"],
        output_names=["sr"],
        dynamic_shapes={"image": {0: batch, 2: height, 3: width}},
        verbose=False,
    )
    model = program.model_proto
    strip_notes(model)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def strip_notes(model: onnx.ModelProto) -> None:
    """Drop the exporter's notes about the source code, and the shapes that it names after its own variables."""
    graph = model.graph
    for item in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        item.ClearField("doc_string")
        item.ClearField("metadata_props")
    graph.ClearField("value_info")
    for value, height, width in ((graph.input[0], "height", "width"), (graph.output[0], "sr_height", "sr_width")):
        dims = value.type.tensor_type.shape.dim
        dims[2].dim_param, dims[3].dim_param = height, width


@torch.no_grad()
def largest_difference(model: bytes, network: SSIU) -> float:
    """The largest absolute difference between ONNX Runtime and PyTorch over `SIZES`."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(1)
    worst = 0.0
    for batch, height, width in SIZES:
        image = torch.rand(batch, 3, height, width, generator=generator)
        expected = network(image).numpy()
        (actual,) = session.run(["sr"], {"lr": image.numpy()})
        worst = max(worst, float(np.abs(actual - expected).max()))
    return worst


def export(model: Model) -> None:
    network = load_network(model.weights, model.scale)
    onnx_bytes = to_onnx(network)
    difference = largest_difference(onnx_bytes, network)
    if not difference <= TOLERANCE:
        raise ValueError(f"Expected {TOLERANCE} at most for the difference to PyTorch, got {difference}")
    path = model.weights.with_suffix(".onnx")
    write_atomically(path, onnx_bytes)
    if model.variant == "clean":
        write_debug_state(network, model.folder / f"debug-state-x{model.scale}.safetensors")
    print(f"{path.name}: {len(onnx_bytes)} bytes, {difference:.1e} from PyTorch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS, help="folder with ssiu-x*.safetensors")
    parser.add_argument("--scale", type=int, action="append", choices=SCALES, help="only this scale")
    arguments = parser.parse_args()
    for model in present(arguments.models):
        if model.scale in (arguments.scale or SCALES):
            export(model)


if __name__ == "__main__":
    main()
