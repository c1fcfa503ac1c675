"""Whatever a user passes: the reference's result, or the reference's kind of error."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ntm_agents import NTM, NTMConfig
from ntm_agents.kernels.dispatch import Backend
from ntm_agents.kernels.numba import arrays, buffers, passes, weights
from ntm_baselines import (
    GRU,
    LSTM,
    GRUConfig,
    LSTMConfig,
    Transformer,
    TransformerConfig,
)

SIZES: dict[str, Any] = {"memory_size": 10, "word_size": 5, "controller_size": 9}
NETWORKS: dict[str, Callable[[Backend], nn.Module]] = {
    "feedforward": lambda backend: NTM(NTMConfig(6, 3, **SIZES), backend),
    "lstm": lambda backend: NTM(NTMConfig(6, 3, "lstm", controller_layers=2, **SIZES), backend),
    "LSTM": lambda backend: LSTM(LSTMConfig(6, 3, 8, 2)),
    "GRU": lambda backend: GRU(GRUConfig(6, 3, 8, 2)),
    "Transformer": lambda backend: Transformer(TransformerConfig(6, 3, 8, 2, 2, 5)),
}
REFUSED = (RuntimeError, ValueError, TypeError)
DTYPES = [
    torch.float32,
    torch.float64,
    torch.bfloat16,
    torch.float16,
    torch.int64,
    torch.uint8,
    torch.bool,
    torch.complex64,
]


def make(name: str, backend: Backend = "auto", dtype: torch.dtype = torch.float32) -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS[name](backend).to(dtype)


def strided(tensor: Tensor) -> Tensor:
    wide = torch.zeros(*tensor.shape, 3, dtype=tensor.dtype)
    wide[..., 1] = tensor
    return wide[..., 1]


def negative(tensor: Tensor) -> Tensor:
    return torch._neg_view(-tensor) if tensor.dtype.is_floating_point else tensor


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "contiguous": lambda tensor: tensor,
    "strided": strided,
    "transposed": lambda tensor: tensor.transpose(0, 1).contiguous().transpose(0, 1),
    "expanded": lambda tensor: tensor[:1].expand_as(tensor),
    "negative": negative,
    "sparse": lambda tensor: tensor.to_sparse(),
    "meta": lambda tensor: tensor.to("meta"),
}


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill all that the kernels' Python side allocates with NaN."""

    def poison(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        array.view(np.uint8).reshape(-1).fill(0xFF) if array.size else None
        return array

    def take(layout: Any) -> Any:
        laid = original(layout)
        poison(laid.block)
        return laid

    original = buffers._take
    monkeypatch.setattr(buffers, "_take", take)
    names = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")}
    names["empty"] = lambda *a, **k: poison(np.empty(*a, **k))
    names["empty_like"] = lambda *a, **k: poison(np.empty_like(*a, **k))
    for module in (arrays, passes, weights):
        monkeypatch.setattr(module, "np", SimpleNamespace(**names))


def numbers(shape: tuple[int, ...], dtype: torch.dtype, seed: int) -> Tensor:
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return (drawn * 3).to(dtype)


def outcome(
    network: nn.Module, inputs: Tensor, state: Any, starts: Tensor | None, grad: bool
) -> list[Tensor] | None:
    """Return outputs, state and gradients, or None if the network refuses."""
    extra = {} if starts is None else {"episode_starts": starts}
    try:
        with torch.set_grad_enabled(grad):
            given = inputs.detach().requires_grad_(grad)
            logits, following = network(given, state, **extra)
            found = [logits, *(following if isinstance(following, tuple) else (following,))]
            if grad:
                total = sum(f.square().sum() for f in found if f.dtype.is_floating_point)
                assert isinstance(total, Tensor)
                total.backward()
                found += [p.grad for p in (given, *network.parameters()) if p.grad is not None]
    except REFUSED as error:
        return None if "\n" not in str(error).strip() else []
    return [tensor.detach() for tensor in found]


def state_of(network: nn.Module, batch_size: int, layout: Callable[[Tensor], Tensor]) -> Any:
    with torch.no_grad():
        _, state = network(torch.rand(batch_size, 2, 6).to(next(network.parameters()).dtype))
    if isinstance(state, Tensor):
        return layout(state)
    return tuple(layout(field) for field in state)


@pytest.mark.parametrize("backend", ["auto", "numba"])
@pytest.mark.parametrize("name", ["feedforward", "lstm"])
def test_any_call_equals_the_reference_or_is_refused_as_it_is(
    name: str, backend: Backend, poisoned: None
) -> None:
    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(
        st.sampled_from(DTYPES),
        st.sampled_from(sorted(LAYOUTS)),
        st.sampled_from([0, 1, 2, 3, 5, 9]),
        st.sampled_from([0, 1, 2, 3, 7]),
        st.sampled_from([None, *sorted(LAYOUTS)]),
        st.sampled_from([None, torch.bool, torch.uint8]),
        st.booleans(),
        st.sampled_from([torch.float32, torch.float64]),
    )
    def check(
        dtype: torch.dtype,
        layout: str,
        batch_size: int,
        steps: int,
        state_layout: str | None,
        starts_dtype: torch.dtype | None,
        grad: bool,
        weights: torch.dtype,
    ) -> None:
        inputs = LAYOUTS[layout](numbers((batch_size, steps, 6), dtype, 1))
        starts = None
        if starts_dtype is not None:
            starts = strided(numbers((batch_size, steps), torch.float32, 2) > 2)
            starts = starts.to(starts_dtype)
        found = []
        for which in ("reference", backend):
            network = make(name, which, weights)
            state = None
            if state_layout is not None:
                state = state_of(
                    make(name, "reference", weights), batch_size, LAYOUTS[state_layout]
                )
            found.append(outcome(network, inputs, state, starts, grad))
        expected, given_ = found
        assert (expected is None) == (given_ is None)
        if expected is not None and given_ is not None:
            tolerance = 1e-3 if weights == torch.float32 else 1e-9
            torch.testing.assert_close(given_, expected, rtol=tolerance, atol=tolerance)

    check()


@pytest.mark.parametrize("name", NETWORKS)
def test_inputs_of_another_kind_are_refused(name: str) -> None:
    network, inputs = make(name), torch.rand(2, 4, 6)
    for dtype in DTYPES[1:]:
        with pytest.raises(
            ValueError, match=r"inputs must be torch.float32, as the network is"
        ):
            network(inputs.to(dtype))
    with pytest.raises(
        ValueError, match=r"inputs must be a dense tensor, not torch\.sparse_coo"
    ):
        network(inputs.to_sparse())
    with pytest.raises(
        ValueError, match="inputs must be on cpu, as the network is, not on meta"
    ):
        network(inputs.to("meta"))
    with pytest.raises(TypeError, match="inputs must be a tensor, not ndarray"):
        network(inputs.numpy())
    with pytest.raises(ValueError, match="inputs must have at least one step"):
        network(inputs[:, :0])
    with pytest.raises(ValueError, match=r"inputs must have shape \(B, T, 6\)"):
        network(inputs[..., :5])


@pytest.mark.parametrize("backend", ["reference", "numba"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_state_that_is_not_of_this_batch_and_network_is_refused(
    name: str, backend: Backend
) -> None:
    network, inputs = make(name, backend), torch.rand(2, 4, 6)
    state = network(inputs)[1]
    fields = (state,) if isinstance(state, Tensor) else tuple(state)
    spoil: list[Callable[[Tensor], Any]] = [
        lambda field: field.to(torch.complex64),
        lambda field: field[:1],
        lambda field: torch.cat([field, field]),
        lambda field: field.unsqueeze(-1),
        lambda field: field.to("meta"),
        lambda field: field.to_sparse(),
        lambda field: [1],
    ]
    for place, field in enumerate(fields):
        for change in spoil:
            given_ = list(fields)
            given_[place] = change(field)
            with pytest.raises((ValueError, TypeError), match="state"):
                network(inputs, given_[0] if isinstance(state, Tensor) else tuple(given_))


@pytest.mark.parametrize("name", ["feedforward", "lstm"])
def test_a_state_of_another_network_is_refused(name: str) -> None:
    inputs = torch.rand(2, 4, 6)
    other = "lstm" if name == "feedforward" else "feedforward"
    with pytest.raises(ValueError, match=r"state.controller must have shape"):
        make(name)(inputs, make(other)(inputs)[1])
    with pytest.raises(ValueError, match=r"the state must be a tuple of 4"):
        make(name)(inputs, make("LSTM")(inputs)[1])
    for change in ({"memory_size": 11}, {"word_size": 4}, {"num_read_heads": 2}):
        state = NTM(NTMConfig(6, 3, name, **{**SIZES, **change})).initial_state(2)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"state\.\w+ must have shape"):
            make(name)(inputs, state)


def larger(parameter: Tensor) -> Tensor:
    return torch.rand([size + 3 for size in parameter.shape])


def of_another_kind(parameter: Tensor) -> Tensor:
    return parameter.double() if parameter.dim() > 1 else torch.rand(len(parameter) + 1)


@pytest.mark.parametrize("backend", ["reference", "numba"])
@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_that_do_not_fit_are_refused(name: str, backend: Backend) -> None:
    for key, _ in make(name).named_parameters():
        for change in (larger, of_another_kind):
            if key.startswith("output_layer") and name != "feedforward":
                continue  # nn.Linear checks its own
            network = make(name, backend)
            parameter = network.get_parameter(key)
            parameter.data = change(parameter.data)
            with pytest.raises(REFUSED):
                network(torch.rand(2, 4, 6))


def test_a_module_of_which_a_part_has_another_precision_is_refused() -> None:
    network = make("lstm")
    network.get_submodule("head_layer").double()

    with pytest.raises(ValueError, match=r"head_layer\.weight must be torch.float32"):
        network(torch.rand(2, 4, 6))


def test_half_precision_runs_on_the_reference_and_not_on_kernels() -> None:
    network = make("lstm", "auto", torch.bfloat16)
    inputs = torch.rand(2, 4, 6, dtype=torch.bfloat16)

    assert network(inputs)[0].dtype == torch.bfloat16
    with pytest.raises(ValueError, match="backend 'numba' needs float32 or float64"):
        make("lstm", "numba", torch.bfloat16)(inputs)


@pytest.mark.parametrize("backend", ["reference", "numba"])
@pytest.mark.parametrize("name", NETWORKS)
def test_an_empty_batch_gives_empty_answers_and_gradients_of_zero(
    name: str, backend: Backend
) -> None:
    network, inputs = make(name, backend), torch.zeros(0, 4, 6, requires_grad=True)

    logits, state = network(inputs)
    logits, state = network(inputs, state)
    logits.sum().backward()

    assert logits.shape == (0, 4, 3)
    assert inputs.grad is not None
    assert inputs.grad.shape == (0, 4, 6)
    for parameter in network.parameters():
        assert parameter.grad is None or not parameter.grad.any()


@pytest.mark.parametrize("name", ["feedforward", "lstm", "LSTM", "Transformer"])
def test_a_plain_tuple_is_a_state(name: str) -> None:
    network, inputs = make(name), torch.rand(2, 4, 6)
    state = network(inputs)[1]

    found, _ = network(inputs, tuple(field.detach() for field in state))

    torch.testing.assert_close(found, network(inputs, state)[0])
