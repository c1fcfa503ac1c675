"""All experiments behind the documentation's numbers, each from one command."""
