"""How an episode is played: Gymnasium environments, single and vectorized."""
