"""Import a published checkpoint: `python -m training.import_published model_x2_290.pt --scale 2 --output models`.

Writes `ssiu-x2.safetensors`, `ssiu-x2.onnx` and `debug-state-x2.safetensors`. Afterwards, run
`python -m training.pack PICTURE...`, then `python -m training.manifest`.
"""

import argparse
import hashlib
from pathlib import Path

from training.checkpoint import save_tensors
from training.export import export
from training.models import SCALES, Model
from training.weights import load_network


def import_published(checkpoint: Path, scale: int, output: Path) -> Path:
    network = load_network(checkpoint, scale)
    model = Model(output, scale, "clean")
    output.mkdir(parents=True, exist_ok=True)
    source = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    metadata = {"scale": str(scale), "source": f"{checkpoint.name} sha256:{source}"}
    save_tensors(model.weights, network.state_dict(), metadata)
    export(model)
    return model.weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--scale", type=int, required=True, choices=SCALES)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    import_published(arguments.checkpoint, arguments.scale, arguments.output)


if __name__ == "__main__":
    main()
