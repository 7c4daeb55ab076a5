"""A published checkpoint to our files: `python -m training.import_published model_x2_290.pt --scale 2 --output models`.

Writes `ssiu-x2.safetensors` and `ssiu-x2.onnx`; run `python -m training.manifest` after it.
"""

import argparse
import hashlib
from pathlib import Path

from training.checkpoint import save_tensors
from training.export import export
from training.weights import load_network


def import_published(checkpoint: Path, scale: int, output: Path) -> Path:
    network = load_network(checkpoint, scale)
    weights = output / f"ssiu-x{scale}.safetensors"
    source = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    save_tensors(weights, network.state_dict(), {"scale": str(scale), "source": f"{checkpoint.name} sha256:{source}"})
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--scale", type=int, required=True, choices=(2, 3, 4))
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    export(import_published(arguments.checkpoint, arguments.scale, arguments.output), arguments.scale)


if __name__ == "__main__":
    main()
