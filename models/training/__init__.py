"""Training, evaluation and export of SSIU (arXiv 2506.11823)."""
