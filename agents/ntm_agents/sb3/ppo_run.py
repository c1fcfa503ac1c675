"""A run of PPO between rollouts: checkpoints, progress bar, and what stops being finite."""

from __future__ import annotations

import time

from sb3_contrib import RecurrentPPO
from tqdm import tqdm

from ntm_agents.networks import reporting_failures
from ntm_agents.sb3.curve import Curve
from ntm_agents.sb3.presets import PPOPreset
from ntm_agents.sb3.run_state import set_state, take_state
from ntm_agents.training.run_folder import RunFolder

POINTS_IN_CURVE = 50


class PPORun(Curve):
    """A curve that is kept in a checkpoint together with everything else, between rollouts.

    Args:
        preset: The run.
        folder: Of the run.
        checkpoint_every: Steps of all environments between two checkpoints.
        show: Draw a progress bar on standard error.
    """

    def __init__(
        self, preset: PPOPreset, folder: RunFolder, checkpoint_every: int, show: bool
    ) -> None:
        super().__init__(preset.env_id, every=preset.total_steps // POINTS_IN_CURVE)
        self._folder, self._checkpoint_every = folder, checkpoint_every
        self._total_steps = preset.total_steps
        self._next_checkpoint = checkpoint_every
        self._restored_at: int | None = None
        self._started, self._cpu_started = time.monotonic(), time.process_time()
        self._bar = tqdm(
            total=preset.total_steps, unit="step", disable=not show, mininterval=0.5
        )

    def times(self) -> dict[str, float]:
        """Return the seconds that the run took, over all sessions."""
        return {
            "wall_time_s": time.monotonic() - self._started,
            "cpu_time_s": time.process_time() - self._cpu_started,
        }

    def restore(self, model: RecurrentPPO) -> bool:
        """Go on from the checkpoint, if there is one; return whether there is."""
        found = self._folder.read_checkpoint()
        if found is None:
            return False
        tensors, fields = found
        with self._folder.naming_checkpoint(), reporting_failures("it is not of this run"):
            set_state(model, tensors, fields["algorithm"])
            self.points, self.next_point = list(fields["curve"]), int(fields["next_point"])
            self.finished_episodes = int(fields["finished_episodes"])
            self._started -= fields["wall_time_s"]
            self._cpu_started -= fields["cpu_time_s"]
        self._restored_at = model.num_timesteps
        self._next_checkpoint = model.num_timesteps + self._checkpoint_every
        self._bar.update(model.num_timesteps)
        return True

    def check_finite(self) -> None:
        """Refuse weights that are not finite.

        Raises:
            FloatingPointError: If there are any.
        """
        tensors = self.model.policy.state_dict()
        if not all(tensor.isfinite().all() for tensor in tensors.values()):
            raise self.not_finite("weights")

    def not_finite(self, what: str) -> FloatingPointError:
        """Return the error for something that is not finite any more."""
        kept = f"; the last good checkpoint is in {self._folder.path}"
        return FloatingPointError(
            f"{what} must stay finite, but did not before step {self.model.num_timesteps}"
            f"{kept if self._folder.has_checkpoint else ''}"
        )

    def close(self) -> None:
        """Leave the progress bar as it is."""
        self._bar.close()

    def _on_rollout_start(self) -> None:
        if self.num_timesteps == self._restored_at:  # what follows was done before the stop
            return
        self.check_finite()
        super()._on_rollout_start()
        if self.num_timesteps >= self._next_checkpoint:
            self._save()
            self._next_checkpoint = self.num_timesteps + self._checkpoint_every

    def _on_rollout_end(self) -> None:
        self._bar.update(min(self.num_timesteps, self._total_steps) - self._bar.n)
        if self.points:
            self._bar.set_postfix(right_bits=f"{self.points[-1]['right_bits']:.2%}")

    def _save(self) -> None:
        assert isinstance(self.model, RecurrentPPO)
        tensors, fields = take_state(self.model)
        about = {
            "algorithm": fields,
            "curve": self.points,
            "next_point": self.next_point,
            "finished_episodes": self.finished_episodes,
            **self.times(),
        }
        self._folder.write_checkpoint(tensors, about)
