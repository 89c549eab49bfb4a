"""The Leaderboard tab and its API."""
