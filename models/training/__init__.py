"""Training, evaluation and export of SSIU (arXiv 2506.11823)."""

import os

# Since 1.29, ONNX Runtime reports what it loads and what fails to Microsoft, unless this is set before its import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
