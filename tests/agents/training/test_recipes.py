import pytest

from ntm_agents.networks import build_network, count_parameters
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.paper_recipes import TABLE_1, TABLE_2, TABLE_3
from ntm_agents.training.recipes import RECIPES, find_recipe

OURS = [name for name in RECIPES if f"paper/{name}" in RECIPES]
NTM_DEFAULTS = {
    "controller_size": 100,
    "controller_layers": 1,
    "num_read_heads": 1,
    "num_write_heads": 1,
}
OTHER_HEADS = {
    "associative_recall/ntm-ff": {"num_write_heads": 1},
    "ngram/ntm-ff": {"num_read_heads": 4, "num_write_heads": 4},
}
LSTM_SIZES = {"num_layers", "hidden_size"}


def sizes(config: TrainingConfig) -> dict[str, object]:
    defaults = NTM_DEFAULTS if config.network == "ntm_agents:NTM" else {}
    options = {**defaults, **config.network_options}
    return {k: v for k, v in options.items() if k in LSTM_SIZES | NTM_DEFAULTS.keys()}


def num_parameters(config: TrainingConfig) -> int:
    """Return the number of parameters."""
    return count_parameters(build_network(config.network, config.make_network_options()))


def test_every_task_has_a_recipe_for_every_network() -> None:
    assert set(OURS) == {f"{t}/{n}" for t in TABLE_1 for n in ("ntm-ff", "ntm-lstm", "lstm")}


@pytest.mark.parametrize("name", OURS)
def test_our_recipes_have_the_sizes_of_the_paper_but_for_the_heads_of_two(name: str) -> None:
    ours, papers = RECIPES[name], RECIPES[f"paper/{name}"]

    assert sizes(ours) == sizes(papers) | OTHER_HEADS.get(name, {})
    assert ours.task == papers.task


@pytest.mark.parametrize("task", TABLE_1)
def test_paper_recipes_have_the_rates_of_the_tables_and_a_million_sequences(task: str) -> None:
    for network, table in (("ntm-ff", TABLE_1), ("ntm-lstm", TABLE_2), ("lstm", TABLE_3)):
        recipe = RECIPES[f"paper/{task}/{network}"]
        assert recipe.learning_rate_at(999_999) == table[task].learning_rate
        assert recipe.sequences == 1_000_000
        assert (recipe.max_gradient_component, recipe.max_gradient_norm) == (10.0, None)


@pytest.mark.parametrize(
    ("name", "printed"), [("associative_recall/lstm", 1_344_518), ("ngram/lstm", 331_905)]
)
def test_lstm_recipes_have_the_parameters_printed_in_table_3(name: str, printed: int) -> None:
    assert num_parameters(RECIPES[name]) == printed


@pytest.mark.parametrize(
    ("former", "name"),
    [
        ("recall/ntm-ff", "associative_recall/ntm-ff"),
        ("repeat-copy/lstm", "repeat_copy/lstm"),
        ("paper/sort/ntm-lstm", "paper/priority_sort/ntm-lstm"),
    ],
)
def test_former_names_in_the_commands_of_entries_stay_valid(former: str, name: str) -> None:
    assert find_recipe(former) == RECIPES[name]


def test_every_network_can_be_trained_on_every_task_by_name() -> None:
    recipe = find_recipe("ngram/gru")

    assert (recipe.task, recipe.network) == ("ngram", "ntm_baselines:GRU")


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"recipe must be one of .*copy/ntm-ff.*not 'copy'"):
        find_recipe("copy")


def test_a_limit_of_the_gradient_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"max_gradient_norm must be positive, not -1"):
        TrainingConfig(max_gradient_norm=-1.0)
    with pytest.raises(ValueError, match=r"max_gradient_component must be positive, not 0"):
        TrainingConfig(max_gradient_component=0.0)
