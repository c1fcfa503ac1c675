"""What the benchmark of learning in SB3 measures."""

from benchmarks import sb3


def test_rollouts_take_a_fiftieth_of_the_stock_buffers_memory() -> None:
    whole, _, stock = [c for c in sb3.contestants() if c.size == "paper"]
    whole_model, stock_model = whole.build(), stock.build()
    _, callback = whole_model._setup_learn(10_000)
    whole_model.collect_rollouts(
        whole_model.env,  # type: ignore[arg-type]
        callback,
        whole_model.rollout_buffer,
        128,
    )
    assert 50 * sb3.rollout_bytes(whole_model) <= sb3.rollout_bytes(stock_model)
