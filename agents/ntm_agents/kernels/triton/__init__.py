"""The kernels for a CUDA device, in Triton, and what joins them to torch."""
