"""Every backend of the core equals the reference."""

from __future__ import annotations

import itertools
import statistics
import threading
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from ntm_agents import NTM, NTMConfig
from ntm_agents.kernels.dispatch import Backend
from ntm_agents.ntm.config import Controller
from ntm_agents.ntm.heads import key_strength_places

FAST_BACKENDS: list[Backend] = ["numba"]
HEADS = [(1, 1), (3, 2), (8, 8)]
SHAPES = [(1, 1), (3, 7), (5, 10)]


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


CONTROLLERS: list[Controller] = ["feedforward", "lstm"]
CONFIGS = [
    pytest.param(
        NTMConfig(3, 2, controller, 5, layers, 9, 7, reads, writes, max_shift, 2.0),
        id=f"{controller}-{layers}-heads{reads}x{writes}-shift{max_shift}",
    )
    for controller, layers, (reads, writes), max_shift in itertools.product(
        CONTROLLERS, (1, 2), HEADS, (1, 2)
    )
]


def make_ntm(
    config: NTMConfig,
    backend: Backend,
    scale: float = 1.0,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> NTM:
    torch.manual_seed(seed)
    ntm = NTM(config, backend).double()
    with torch.no_grad():
        for parameter in ntm.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3 * scale)
    return ntm.to(dtype)


def run(ntm: NTM, batch_size: int, steps: int, with_starts: bool = False) -> dict[str, Tensor]:
    """Return outputs, final state, and all gradients of a random weighting of both."""
    generator = torch.Generator().manual_seed(1)
    dtype = ntm.initial_memory.dtype

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    inputs = normal(batch_size, steps, 3).requires_grad_()
    starts = torch.rand(batch_size, steps, generator=generator) < 0.3
    logits, state, entropy = ntm(
        inputs, episode_starts=starts if with_starts else None, return_entropy=True
    )
    total = (logits * normal(*logits.shape)).sum() + normal(1).sum() * entropy
    for field in state:
        total = total + (field * normal(*field.shape)).sum()
    total.backward()
    found = {"logits": logits, **state._asdict(), "entropy": entropy, "inputs": inputs.grad}
    found |= {name: parameter.grad for name, parameter in ntm.named_parameters()}
    return {name: value.detach() for name, value in found.items() if value is not None}


def distance(found: Tensor, expected: Tensor) -> float:
    """Return the relative distance of two arrays, which may be empty."""
    difference = (found.double() - expected.double()).norm()
    return float(difference / expected.double().norm().clamp_min(1e-30))


def worst(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    return max(distance(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("config", CONFIGS)
def test_outputs_final_state_and_all_gradients_equal_the_reference(
    config: NTMConfig, backend: Backend
) -> None:
    for batch_size, steps in SHAPES:
        expected = run(make_ntm(config, "reference"), batch_size, steps)
        found = run(make_ntm(config, backend), batch_size, steps)
        assert worst(found, expected) < 1e-12


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("controller", CONTROLLERS)
def test_sizes_beyond_one_vector_and_one_tile_equal_the_reference(
    controller: Controller, backend: Backend
) -> None:
    config = NTMConfig(3, 2, controller, 70, 2, 101, 37, 2, 3, 2, 2.0)
    for batch_size, steps in ((4, 3), (11, 17)):
        expected = run(make_ntm(config, "reference", 0.2), batch_size, steps)
        found = run(make_ntm(config, backend, 0.2), batch_size, steps)
        assert worst(found, expected) < 1e-12


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("controller", CONTROLLERS)
@pytest.mark.parametrize(
    "output_layer", [nn.Identity(), nn.Linear(26, 2, bias=False, dtype=torch.float64)]
)
def test_another_output_layer_sees_the_features_of_the_reference(
    output_layer: nn.Module, controller: Controller, backend: Backend
) -> None:
    config, found = NTMConfig(3, 2, controller, 5, 2, 9, 7, 3, 2), {}
    for name in ("reference", backend):
        ntm = make_ntm(config, name)
        ntm.output_layer = output_layer  # type: ignore[assignment]
        ntm.zero_grad()
        found[name] = run(ntm, 5, 10)

    assert worst(found[backend], found["reference"]) < 1e-12


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("config", CONFIGS)
def test_episodes_that_start_in_mid_sequence_equal_the_reference(
    config: NTMConfig, backend: Backend
) -> None:
    expected = run(make_ntm(config, "reference"), 3, 11, with_starts=True)
    found = run(make_ntm(config, backend), 3, 11, with_starts=True)

    assert worst(found, expected) < 1e-12


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("controller", CONTROLLERS)
@pytest.mark.parametrize(("scale", "steps"), [(1, 30), (4, 12)], ids=["soft", "sharp"])
def test_single_precision_is_as_exact_as_in_the_reference(
    scale: float, steps: int, controller: Controller, backend: Backend
) -> None:
    """Errors of rounding differ from draw to draw by more than the backends do."""
    config = NTMConfig(3, 2, controller, 20, 1, 64, 20, initial_focus=2.0)
    ratios = []
    for seed in range(20):
        exact = run(make_ntm(config, "reference", scale, seed=seed), 4, steps)
        of_reference, of_backend = (
            worst(run(make_ntm(config, name, scale, torch.float32, seed), 4, steps), exact)
            for name in ("reference", backend)
        )
        ratios.append(of_backend / of_reference)

    assert statistics.median(ratios) < 2


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("raised", [3.0, 30.0, 300.0])
def test_strong_keys_and_strong_sharpening_equal_the_reference(
    raised: float, backend: Backend
) -> None:
    config, found = NTMConfig(3, 2, "lstm", 5, 1, 9, 7, 2, 1, initial_focus=2.0), {}
    strengths = key_strength_places(config)
    sharpenings = [place + 2 + config.num_shifts for place in strengths]
    for name in ("reference", backend):
        ntm = make_ntm(config, name)
        with torch.no_grad():
            ntm.head_layer.bias[strengths] += raised
            ntm.head_layer.bias[sharpenings] += raised
        found[name] = run(ntm, 5, 10)

    assert worst(found[backend], found["reference"]) < 1e-12


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("broken", [0, 5])
def test_a_sequence_that_is_not_finite_leaves_others_alone(
    broken: int, backend: Backend
) -> None:
    ntm = make_ntm(NTMConfig(3, 2, "lstm", 5, 1, 9, 7), backend)
    inputs = torch.randn(6, 11, 3, dtype=torch.float64)
    inputs[broken] = torch.nan
    others = [b for b in range(6) if b != broken]
    alone, together = (x.clone().requires_grad_() for x in (inputs[others], inputs))

    expected, found = ntm(alone)[0], ntm(together)[0]
    expected.sum().backward()
    found[others].sum().backward()

    torch.testing.assert_close(found[others], expected)
    assert alone.grad is not None
    assert together.grad is not None
    torch.testing.assert_close(together.grad[others], alone.grad)


@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_results_do_not_depend_on_the_number_of_threads(
    backend: Backend, threads: None
) -> None:
    config = NTMConfig(3, 2, "lstm", 5, 1, 9, 7)
    found = []
    for number in (1, 2, 3):
        torch.set_num_threads(number)
        found.append(run(make_ntm(config, backend), 7, 10))

    for others in found[1:]:
        assert worst(others, found[0]) < 1e-15


@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_two_python_threads_may_train_at_once(backend: Backend) -> None:
    config = NTMConfig(3, 2, "lstm", 5, 1, 9, 7)
    expected = run(make_ntm(config, backend), 2, 20)
    networks = [make_ntm(config, backend) for _ in range(2)]
    found: list[dict[str, Tensor]] = []

    def train(ntm: NTM) -> None:
        for _ in range(20):
            ntm.zero_grad()
            result = run(ntm, 2, 20)
        found.append(result)

    workers = [threading.Thread(target=train, args=[ntm]) for ntm in networks]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(found) == 2
    assert max(worst(result, expected) for result in found) == 0


@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_without_gradients_nothing_is_kept_and_the_answers_are_the_same(
    backend: Backend,
) -> None:
    ntm = make_ntm(NTMConfig(3, 2, "lstm", 5, 1, 9, 7), backend)
    inputs = torch.randn(2, 11, 3, dtype=torch.float64)

    with torch.no_grad():
        logits, state = ntm(inputs)
    expected, expected_state = ntm(inputs)

    assert torch.equal(logits, expected)
    assert torch.equal(state.memory, expected_state.memory)
    assert not logits.requires_grad


@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_a_state_that_is_passed_in_is_not_changed(backend: Backend) -> None:
    ntm = make_ntm(NTMConfig(3, 2, "lstm", 5, 1, 9, 7), backend)
    _, state = ntm(torch.randn(1, 4, 3, dtype=torch.float64))
    kept = [field.detach().clone() for field in state]

    ntm(torch.randn(1, 4, 3, dtype=torch.float64), state)

    for field, before in zip(state, kept, strict=True):
        assert torch.equal(field, before)
