"""The leaderboard: entries, what they may claim, and how they are played again."""

from typing import Literal, get_args

Track = Literal["supervised", "reward-only"]
TRACKS: tuple[str, ...] = get_args(Track)
