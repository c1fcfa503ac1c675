"""The verbs of ``ntm-paper``, one file each."""
