"""The shared harness: what an agent is, what is measured, on which episodes."""
