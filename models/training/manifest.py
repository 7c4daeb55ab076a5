"""Write `models/manifest.json`: `python -m training.manifest`.

Everything in it is computed from the files beside it: hashes, the notes that training left in the weights, and the
figures of `evaluation.json` if they were measured with exactly these weights.
"""

import argparse
import hashlib
import json
import math
from pathlib import Path
from typing import Any

from safetensors import safe_open

from training.checkpoint import write_atomically
from training.models import MODELS, Model, present


def file_entry(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"file": path.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def model_entry(model: Model, results: list[dict[str, Any]]) -> dict[str, Any]:
    weights = model.weights
    with safe_open(weights, "pt") as file:
        training = dict(sorted((file.metadata() or {}).items()))
        parameters = sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    entry, packed = file_entry(weights), file_entry(model.packed)
    measured = [r["sets"] for r in results if r["sha256"] == entry["sha256"]]
    return {
        "id": f"{weights.stem}-{packed['sha256'][:8]}",  # the packed file depends on all else
        "scale": model.scale,
        "variant": model.variant,
        "weights": entry,
        "onnx": file_entry(weights.with_suffix(".onnx")),
        "packed": packed,
        "parameters": parameters,
        "metrics": measured[0] if measured else {},
        "training": training,
    }


def build_manifest(models: Path) -> dict[str, Any]:
    evaluation = models / "evaluation.json"
    results = json.loads(evaluation.read_text()) if evaluation.exists() else []
    return {"models": [model_entry(model, results) for model in present(models)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    models = parser.parse_args().models
    write_atomically(models / "manifest.json", (json.dumps(build_manifest(models), indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
