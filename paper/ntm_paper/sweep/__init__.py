"""Many runs at once, each in a process of its own: what is left to do, how long it takes."""
