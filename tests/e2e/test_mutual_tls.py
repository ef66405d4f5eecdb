"""A broker that speaks TLS alone, and lets in who shows a certificate: everybody finds the way."""

from collections.abc import Mapping
from pathlib import Path

from kit import certificates, safe_broker
from kit.kube import Kube, wait_for
from kit.ledger import Ledger
from kit.operating import Operator
from kit.publishing import tasks
from kit.story import Story

CA = "rabbitmq-ca"


def test_operator_workers_and_producer_come_with_their_certificate(
    operator: Operator, kube: Kube, images: Mapping[str, str], tmp_path: Path
) -> None:
    # Given a broker that wants to see a certificate, and a Secret with one
    assert operator.pods()
    ours = tmp_path / "ours"
    broker = safe_broker.start(kube, images["rabbitmq"], ours)
    kube.apply(safe_broker.secret(CA, certificates.mutual(ours)))
    story = Story(kube, broker, images, Ledger(kube, images["worker"])).begin()
    # And two Secrets that do not do: nothing to show, and an authority that nobody knows
    kube.apply(safe_broker.secret("nothing-to-show", certificates.trusting(ours)))
    theirs = certificates.make(tmp_path / "theirs")
    kube.apply(safe_broker.secret("unknown", certificates.mutual(theirs)))
    wrong = ("nothing-to-show", "unknown")
    # When WorkQueues name them
    address = {"managementUri": safe_broker.https_uri(broker)}
    story.apply("safe", {"broker": {"caSecretName": CA, **address}})
    for name in wrong:
        story.apply(name, {"broker": {"caSecretName": name, **address}})
    # Then tasks are published, done, and given up, and the broker says what is in work
    summary = story.publish("publish", "safe", [*tasks(3, seconds=0.1), *_hopeless()])
    assert summary["confirmed"] == 4
    story.wait_completed(3, seconds=60)
    wait_for("a dead letter", lambda: broker.waiting("safe.dead") == 1, seconds=30)
    wait_for(
        "tasks in work", lambda: "unacked" in story.status("safe").get("backlog", {}), seconds=60
    )
    assert story.ledger.read().started_twice() == []
    # And what is wrong with the others is told with the way out
    for name in wrong:
        told = story.wait_not_ready(name, "TLSFailed", seconds=30)
        assert "spec.broker.caSecretName" in told["message"]


def _hopeless() -> list[Mapping[str, object]]:
    return list(tasks(1, seconds=0, first=9, then="dead"))
