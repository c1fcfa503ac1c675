"""The NTM in the shape of what RecurrentPPO takes for an LSTM."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ntm_agents.kernels.dispatch import Backend
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.module import NTM
from ntm_agents.ntm.state import NTMState

PackedState = tuple[Tensor, Tensor]


class PackedNTM(nn.Module):
    """A Neural Turing Machine whose state is a pair of flat vectors, as an LSTM's.

    The state ``[live, memory, weightings, read vectors, controller]`` of a sequence is one
    vector, cut into two halves of S numbers. ``live`` is 1 in every state that this module
    returns; where it is not, as in the zeros that Stable-Baselines3 starts from, the sequence
    begins at the learned initial state, with a gradient to it.

    Args:
        config: The sizes; the output layer is left to the policy's action net.
        backend: See `NTM`.

    Attributes:
        ntm: The machine; it puts out its features, controller output beside read vectors.
        input_size: Numbers in an observation (I), a name that RecurrentPPO looks for.
        num_layers: 1, likewise.
        hidden_size: Numbers in half a state (S), likewise.
    """

    def __init__(self, config: NTMConfig, backend: Backend = "auto") -> None:
        super().__init__()
        self.ntm = NTM(config, backend)
        self.ntm.output_layer = nn.Identity()  # type: ignore[assignment]
        self.input_size, self.num_layers = config.input_size, 1
        self._sizes = (
            1,
            config.memory_size * config.word_size,
            config.num_heads * config.memory_size,
            config.read_size,
            config.controller_parts * config.controller_layers * config.controller_size,
        )
        self.hidden_size = (sum(self._sizes) + 1) // 2

    def forward(
        self, inputs: Tensor, state: PackedState, episode_starts: Tensor
    ) -> tuple[Tensor, PackedState]:
        """Process whole sequences.

        Args:
            inputs: Shape ``(B, T, I)``.
            state: Two tensors of shape ``(1, B, S)``; anything where an episode starts.
            episode_starts: Not zero where an episode starts, shape ``(B, T)``.

        Returns:
            Features, shape ``(B, T, C + R · M)``, and the next packed state.
        """
        packed = torch.cat([state[0][0], state[1][0]], dim=-1)
        starts = episode_starts > 0.5
        starts[:, 0] |= ~(packed[:, 0] > 0.5)
        features, next_state = self.ntm(inputs, self.unpack(packed), starts)
        return features, self.pack(next_state)

    def pack(self, state: NTMState) -> PackedState:
        """Return a live packed state."""
        batch_size = state.memory.shape[0]
        parts = [
            state.memory.new_ones(batch_size, 1),
            state.memory.transpose(-1, -2).flatten(1),
            state.weightings.flatten(1),
            state.read_vectors.flatten(1),
            state.controller.flatten(1),
        ]
        missing = 2 * self.hidden_size - sum(self._sizes)
        parts.append(state.memory.new_zeros(batch_size, missing))
        first, second = torch.cat(parts, dim=-1).unsqueeze(0).chunk(2, dim=-1)
        return first, second

    def unpack(self, packed: Tensor) -> NTMState:
        """Return the state in a vector of shape ``(B, 2 · S)``, live or not."""
        config = self.ntm.config
        _, memory, weightings, read_vectors, controller = packed[:, : sum(self._sizes)].split(
            self._sizes, dim=-1
        )
        return NTMState(
            memory.unflatten(-1, (config.word_size, config.memory_size)).transpose(-1, -2),
            weightings.unflatten(-1, (config.num_heads, config.memory_size)),
            read_vectors.unflatten(-1, (config.num_read_heads, config.word_size)),
            controller.reshape(
                len(packed),
                config.controller_parts,
                config.controller_layers,
                config.controller_size,
            ),
        )
