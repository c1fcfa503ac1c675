"""The kernels for a CPU, compiled by Numba, and what joins them to torch."""
