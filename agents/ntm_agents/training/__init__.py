"""Supervised training: one loop for every network, exactly resumable."""
