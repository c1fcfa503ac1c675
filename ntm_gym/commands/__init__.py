"""The verbs of the command ``ntm-gym``, one module each."""
