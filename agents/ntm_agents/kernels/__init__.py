"""Backends of the recurrent core: the reference in plain torch, and the fast ones."""
