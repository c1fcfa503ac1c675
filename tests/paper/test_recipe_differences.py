"""What is said to differ from the paper does."""

from __future__ import annotations

from ntm_paper.recipe_differences import differences_table


def test_what_differs_in_every_recipe_is_said_once() -> None:
    lines = differences_table().splitlines()[2:]

    assert "max_gradient_component 10.0 → none" in lines[0]
    assert not any("max_gradient_component" in line for line in lines[1:])
    [sort] = [line for line in lines if line.startswith("| priority_sort/ntm-lstm ")]
    assert "learning_rate 3e-05 → 0.0003" in sort
