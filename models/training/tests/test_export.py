import subprocess
import sys
from pathlib import Path

import onnx
import pytest
import torch
from safetensors import safe_open

from training.export import OPSET, TOLERANCE, export, largest_difference, to_onnx
from training.import_published import main
from training.models import MODELS, Model, present
from training.network import SSIU
from training.weights import load_network


@pytest.mark.parametrize("model", present(MODELS), ids=lambda model: model.weights.stem)
def test_the_onnx_file_computes_what_the_weights_say(model: Model) -> None:
    network = load_network(model.weights, model.scale)
    assert largest_difference(model.weights.with_suffix(".onnx").read_bytes(), network) <= TOLERANCE


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_onnx_file_holds_everything_and_nothing_of_the_machine(scale: int, models: Path) -> None:
    model = onnx.load(models / f"ssiu-x{scale}.onnx", load_external_data=False)
    assert [o.version for o in model.opset_import if o.domain == ""] == [OPSET]
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert not any(node.doc_string or node.metadata_props for node in model.graph.node)
    shape = [d.dim_value or d.dim_param for d in model.graph.input[0].type.tensor_type.shape.dim]
    assert (model.graph.input[0].name, shape) == ("lr", ["batch", 3, "height", "width"])
    assert model.graph.output[0].name == "sr"


def test_exporting_twice_gives_the_same_bytes() -> None:
    torch.manual_seed(1)
    network = SSIU(2, steps=1)
    model = to_onnx(network)
    assert to_onnx(network) == model
    assert largest_difference(model, network) <= TOLERANCE


def test_a_wrong_model_is_noticed(models: Path) -> None:
    network = load_network(models / "ssiu-x2.safetensors", 2)
    with torch.no_grad():
        network.tail[3].bias[0] += 2 * TOLERANCE
    assert largest_difference((models / "ssiu-x2.onnx").read_bytes(), network) > TOLERANCE


def test_keeps_onnx_runtime_from_telling_anybody_what_it_runs(models: Path, tmp_path: Path) -> None:
    program = "import sys, training.export as e; e.onnxruntime.InferenceSession(sys.argv[1])"
    command = [sys.executable, "-c", program, str(models / "ssiu-x2.onnx")]
    # The environment is reduced because ONNX Runtime sends nothing where a variable marks CI.
    subprocess.run(command, check=True, cwd=models, env={"HOME": str(tmp_path)})
    # Otherwise, it would have stored an id of this machine and what to send there.
    assert list(tmp_path.rglob("*onnxruntime*")) == []


def test_imports_a_published_checkpoint(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = load_network(models / "ssiu-x3.safetensors", 3)
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save({"epoch": 290, "model_state_dict": state}, tmp_path / "model_x3_290.pt")
    shipped = (models / "ssiu-x3.onnx").read_bytes()
    monkeypatch.setattr("training.export.to_onnx", lambda _: shipped)  # takes half a minute, and has a test above
    monkeypatch.setattr("training.export.SIZES", ((1, 5, 7),))
    output = tmp_path / "new" / "models"
    command = ["import_published", str(tmp_path / "model_x3_290.pt"), "--scale", "3", "--output", str(output)]
    monkeypatch.setattr(sys, "argv", command)
    main()
    imported = load_network(output / "ssiu-x3.safetensors", 3)
    assert all(torch.equal(value, imported.state_dict()[name]) for name, value in network.state_dict().items())
    assert (output / "ssiu-x3.onnx").read_bytes() == shipped
    with safe_open(output / "ssiu-x3.safetensors", "pt") as file:
        assert file.metadata()["source"].startswith("model_x3_290.pt sha256:")


def test_says_so_of_a_checkpoint_of_another_kind(tmp_path: Path) -> None:
    torch.save({"network": {}}, tmp_path / "last.pt")
    with pytest.raises(ValueError, match=r"Expected a published checkpoint, with model_state_dict, for .*last\.pt"):
        load_network(tmp_path / "last.pt", 2)


def test_the_debug_state_is_that_of_the_clean_network(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.export.SIZES", ((1, 5, 7),))
    for variant, names in (("web", []), ("clean", ["debug-state-x2.safetensors"])):
        model, shipped = Model(tmp_path, 2, variant), Model(models, 2, variant).weights
        model.weights.write_bytes(shipped.read_bytes())
        monkeypatch.setattr("training.export.to_onnx", lambda _, path=shipped: path.with_suffix(".onnx").read_bytes())
        export(model)
        assert [path.name for path in tmp_path.glob("debug-state*")] == names
