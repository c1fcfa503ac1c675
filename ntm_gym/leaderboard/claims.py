"""What an entry says and nobody can compute: shown as claimed."""

from __future__ import annotations

from ntm_gym.leaderboard.entries import Entry

CLAIMED = ("authors", "link", "licence", "commit", "machine", "versions")
"""Fields of an entry that are its authors' word."""
CLAIMED_OF_RUNS = ("wall_time_s", "cpu_time_s", "command")
"""Fields of a run that its description repeats, and that are its authors' word as well."""


def format_claims(entry: Entry) -> str:
    """Return a line with all that an entry claims and nobody can compute.

    Everything else is recomputed by a verification or compared with descriptions and weights.

    Args:
        entry: The entry.
    """
    claims = {name: _format(getattr(entry, name)) for name in CLAIMED}
    for name in CLAIMED_OF_RUNS:
        values = [getattr(run, name) for run in entry.runs]
        claims[name] = ", ".join(map(_format, values if name != "command" else values[:1]))
    curves = sum(run.curve is not None for run in entry.runs)
    claims["learning curves"] = f"{curves} of {len(entry.runs)} runs"
    told = "; ".join(f"{name} {claim}" for name, claim in claims.items())
    return f"{entry.name}, {entry.suite.name}: claimed, not computed: {told}"


def _format(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items()) or "-"
    return "-" if value in (None, "") else str(value)
