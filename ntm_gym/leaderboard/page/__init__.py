"""The leaderboard as one HTML file: what it shows, recorded episodes, and how it is written."""
