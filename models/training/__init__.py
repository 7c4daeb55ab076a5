"""Training, evaluation and export of SSIU (arXiv 2506.11823)."""

import os

# Since 1.29 ONNX Runtime tells Microsoft what it loads and what fails, unless this is set before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
