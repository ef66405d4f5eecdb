"""The cluster's side of a step: one small write, and only when something differs."""

from dataclasses import dataclass

from workqueue_operator.controller.clock import Clock, rfc3339
from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.controller.turns import Turns
from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.errors import ApiError, ForeignDeploymentError
from workqueue_operator.core.manifests import RENDERING, deployment
from workqueue_operator.core.rollout import Step, is_ours_alone, next_step
from workqueue_operator.ports import Cluster, DeploymentState, Json

DECIDE_AGAIN_SECONDS = 0.0


@dataclass(slots=True)
class Acting:
    """Makes the Deployment what the decision says."""

    cluster: Cluster
    reporter: Reporter
    turns: Turns
    clock: Clock
    runtime_image: str  # as in Settings

    def act(self, state: ObjectState, decision: Decision, *, may_create: bool) -> float | None:
        """Write the Deployment if it differs. Returns seconds until it should be tried again.

        A decision counts only for the number of workers that it was made on: one that was made
        while the Deployment was not known may not shrink it.

        Raises:
            PodTemplateRefusedError, ForeignDeploymentError, ApiError
        """
        wq = state.wq
        if state.deployment is None and not may_create:
            return None  # asks the API server for nothing, however often it comes by
        manifest = deployment(wq, replicas=decision.workers, runtime_image=self.runtime_image)
        live = state.deployment or self._find(state)
        if (live.replicas if live else None) != state.decided_on:
            return DECIDE_AGAIN_SECONDS  # it was decided without knowing what stands
        if live is not None:
            # Somebody else's Deployment that took its place meanwhile is refused, not taken over.
            manifest["metadata"]["uid"] = live.uid
        step = self._choose(state, live, manifest, decision.workers)
        before, recreated = live.replicas if live else 0, live is None and state.had_deployment
        self._write(state, step, manifest, live)
        if recreated:
            text = f"the Deployment was gone and is made again with {decision.workers} workers"
            self.reporter.event(wq, "Warning", "DeploymentRecreated", text)
        if step is not Step.NOTHING and before != decision.workers:
            self._tell(state, before, decision)
        return self.turns.wait_seconds(wq.uid)

    def _write(
        self, state: ObjectState, step: Step, manifest: Json, live: DeploymentState | None
    ) -> None:
        wq = state.wq
        if step is Step.APPLY:
            try:
                self._learn(state, self.cluster.apply_deployment(manifest))
            except ApiError:
                self.turns.give_back(wq.uid)  # one that is refused holds up no other's turn
                raise
        elif step is Step.REPLICAS and live is not None:
            replicas = manifest["spec"]["replicas"]
            self._learn(state, self.cluster.patch_replicas(live, replicas))

    def _find(self, state: ObjectState) -> DeploymentState | None:
        """Before creating: is there one that the watch has not told of, and is it ours?"""
        wq = state.wq
        live = self.cluster.get_deployment(wq.namespace, wq.name)
        if live is not None and live.owner_uid != wq.uid:
            raise ForeignDeploymentError(wq.namespace, wq.name)
        if live is not None:
            self._learn(state, live)
        return live

    def _choose(
        self, state: ObjectState, live: DeploymentState | None, manifest: Json, workers: int
    ) -> Step:
        """What to send. A full apply may have to wait for its turn."""
        uid, wanted = state.wq.uid, manifest["metadata"]["annotations"]
        if live is None:
            return Step.APPLY
        seen = live.observed_generation >= live.generation  # else its counts are of the time before
        done = seen and not state.is_rolling(self.clock.monotonic())
        if live.annotations.get(RENDERING) == wanted[RENDERING] and done:
            self.turns.give_back(uid)
        edited = state.our_generation is not None and live.generation > state.our_generation
        stale = is_ours_alone(live.annotations, wanted)
        if edited and not stale:
            # Somebody changed it by hand: taken back, but for what we own and they do not.
            return Step.APPLY
        turn = stale and live.replicas > 0 and self.turns.take(uid)
        replicas = (live.replicas, workers)
        return next_step(live.annotations, wanted, replicas=replicas, turn=turn)

    def _learn(self, state: ObjectState, after: DeploymentState) -> None:
        with state.lock:
            state.our_generation = after.generation
            state.learn_deployment(after, self.clock.monotonic())

    def _tell(self, state: ObjectState, before: int, decision: Decision) -> None:
        state.scaled_at = rfc3339(self.clock.now())
        state.history.stepped(before, decision.workers, self.clock.monotonic())
        if decision.workers < before:
            state.last_shrink = self.clock.monotonic()
        elif before:
            state.grew_at = self.clock.monotonic()
        if decision.reason is Reason.SHRINKING_BLIND:
            state.history.restart_window(self.clock.monotonic())
        self.reporter.step(state, before, decision)
