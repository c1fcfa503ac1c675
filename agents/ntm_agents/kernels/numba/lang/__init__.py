"""A small language in which the CPU kernels are written: vectors, pointers and what uses them.

Numba compiles plain Python loops; these modules add what it lacks. `vectors` are values with
``+ - * /``, `pointers` read and write them, `functions` are of both, `sums` adds up their
lanes. `compile` has the decorators that make a function a kernel, for the registers that
`machine` finds; `cache` keeps what was compiled, `guards` and `notice` are for tests and users.
Nothing here knows a Neural Turing Machine.
"""
