"""What the process does at its start, beside its work, and in the check before its uninstalling."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unit.core.builders import body
from unit.kube.scripted_server import Answer, Script, api_server
from workqueue_operator import __main__ as operator_process
from workqueue_operator import uninstall_check
from workqueue_operator.app import LATE_SECONDS, LIST_AGAIN_SECONDS, LIST_EVERY_SECONDS, App
from workqueue_operator.cluster.api import Api
from workqueue_operator.settings import PREFIX, Settings


def listing(*names: str) -> Answer:
    """A metadata-only list of WorkQueues."""
    items = [
        {"metadata": {"namespace": "shop", "name": name, "uid": name, "resourceVersion": "1"}}
        for name in names
    ]
    return Answer(body={"metadata": {}, "items": items or None})


REFUSED = Answer(status=403, body={"message": "workqueues.workqueue.dev is forbidden"})
NO_KIND = Answer(status=404, body={"message": "the server could not find the resource"})


def kubeconfig(api: Api, folder: Path) -> str:
    """A kubeconfig that leads to the scripted API server."""
    path = folder / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": api._connection.server}}],
        "users": [{"name": "test", "user": {}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
    path.write_text(json.dumps(config))
    return str(path)


def check(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **env: str
) -> tuple[int, Script]:
    """Run the check before uninstalling against an API server that answers like this."""
    with api_server(answer) as (api, script):
        monkeypatch.setenv(f"{PREFIX}KUBECONFIG", kubeconfig(api, tmp_path))
        for name, value in env.items():
            monkeypatch.setenv(f"{PREFIX}{name}", value)
        return uninstall_check.main(), script


def test_with_nothing_left_the_chart_may_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, script = check(listing(), tmp_path, monkeypatch)
    assert code == 0
    assert script.asked[0].path == "/apis/workqueue.dev/v1alpha1/workqueues"
    assert capsys.readouterr().err == ""


def test_what_is_left_is_named_with_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"mail-{number:02}" for number in range(23)]
    code, _ = check(listing(*names), tmp_path, monkeypatch)
    assert code == 1
    said = capsys.readouterr().err
    assert "23 WorkQueues are left" in said
    assert "shop/mail-00" in said
    assert "shop/mail-19 and 3 more" in said
    assert "kubectl delete workqueues --all -A" in said
    assert "crds.keep=true" in said


def test_who_may_not_list_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = check(REFUSED, tmp_path, monkeypatch)
    assert code == 1
    assert "could not be listed: workqueues.workqueue.dev is forbidden" in capsys.readouterr().err


def test_a_kind_that_is_gone_leaves_nothing_to_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _ = check(NO_KIND, tmp_path, monkeypatch)
    assert code == 0


def test_without_a_cluster_it_says_so_and_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}KUBECONFIG", "/nowhere/kubeconfig")
    assert uninstall_check.main() == 1
    assert "does not lead to a Kubernetes API server" in capsys.readouterr().err


@pytest.mark.parametrize("main", [operator_process.main, uninstall_check.main])
def test_a_bad_setting_ends_the_process_with_its_rule(
    main: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}STEP_THREADS", "many")
    assert main() == 2
    assert "STEP_THREADS='many': must be a whole number" in capsys.readouterr().err


class Stage:
    """An operator that has not been started, over a scripted API server."""

    def __init__(self, *answers: Answer) -> None:
        self._server = api_server(*answers)
        api, self.script = self._server.__enter__()
        self.app = App(Settings.from_env({}), api._connection)

    def end(self) -> None:
        """Close everything."""
        self.app.stop.set()
        if self.app.watch.alive():
            self.app._end()
        self._server.__exit__(None, None, None)


@pytest.fixture
def stages() -> Iterator[list[Stage]]:
    """What is put in is closed at the end."""
    made: list[Stage] = []
    yield made
    for each in made:
        each.end()


def stage(stages: list[Stage], *answers: Answer) -> App:
    stages.append(Stage(*answers))
    return stages[-1].app


def learn(app: App, *names: str) -> None:
    for name in names:
        app.controller.registry.learn(body(name=name, uid=name))


def test_no_step_before_everything_has_been_listed(stages: list[Stage]) -> None:
    # Given two WorkQueues, of which kopf has told one
    app = stage(stages, listing("mail", "news"))
    learn(app, "mail")
    # Then the Deployments are waited for, and then the other WorkQueue
    assert app._wait_seconds() == LIST_EVERY_SECONDS
    app.watch.synced.set()
    assert app._wait_seconds() == LIST_EVERY_SECONDS
    learn(app, "news")
    assert app._wait_seconds() is None


def test_a_list_that_is_refused_is_not_asked_for_five_times_a_second(stages: list[Stage]) -> None:
    app = stage(stages, REFUSED)
    app.watch.synced.set()
    assert app._wait_seconds() == LIST_AGAIN_SECONDS


def test_what_vanished_unseen_is_forgotten(stages: list[Stage]) -> None:
    app = stage(stages, listing("mail"), REFUSED)
    learn(app, "mail", "ghost")
    app._hunt_ghosts()
    assert app.controller.registry.uids() == {"mail"}
    # And nobody is a ghost because the API server did not answer
    app._hunt_ghosts()
    assert app.controller.registry.uids() == {"mail"}


def test_health_names_what_does_not_turn(stages: list[Stage]) -> None:
    no_deployment = Answer(body={"metadata": {"resourceVersion": "1"}, "items": []})
    app = stage(stages, no_deployment, Answer(hang=True))
    assert "hunts ghosts is dead" in str(app._trouble())
    app.starter.start()
    assert app._trouble() == "the watch of the Deployments is dead"
    app.watch.start()
    assert app._trouble() is None
    app.ready.set()
    app.controller.start()
    assert app._trouble() is None
    app.beat_at = time.monotonic() - LATE_SECONDS - 1
    assert "event loop has not turned for 31 s" in str(app._trouble())
    app.beat_at = time.monotonic()
    app.controller.stop()
    assert app._trouble() == "a step thread is dead"
