"""The NTM as a Stable-Baselines3 policy."""
