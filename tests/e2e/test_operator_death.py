"""The operator dies, or is stopped, in the middle of its work: nobody else notices."""

from itertools import pairwise

from kit.kube import wait_for
from kit.operating import Operator
from kit.processes import find, terminate
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas

STOP_SECONDS = 5
IN_A_POD = "KUBERNETES_SERVICE_PORT=443"


def test_killed_in_the_middle_of_a_scale_up_it_goes_on(story: Story, operator: Operator) -> None:
    # Given a WorkQueue that has begun to grow
    story.apply("growing", {"scaling": {"maxWorkers": 12}})
    story.wait_ready("growing")
    with Replicas(story.kube, "growing") as history:
        story.publish("first", "growing", tasks(60, seconds=3))
        story.wait_replicas("growing", 6)
        # When the operator is killed, and more tasks come before it is back
        operator.kill()
        story.publish("second", "growing", tasks(60, seconds=3, first=60))
        # Then it goes on, and spec.replicas never fell on the way up
        story.wait_replicas("growing", 12)
        values = history.values()
        assert all(later > earlier for earlier, later in pairwise(values))
        story.wait_completed(120, seconds=90)
    assert story.ledger.read().lost(range(120)) == []
    assert story.ledger.started_twice() == []


def test_stopped_it_ends_soon_and_started_again_it_changes_nothing(
    story: Story, operator: Operator
) -> None:
    # Given a WorkQueue with more workers than its backlog needs, within the window
    story.apply("steady", {"scaling": {"scaleDown": {"stabilizationSeconds": 600}}})
    story.wait_ready("steady")
    story.publish("publish", "steady", tasks(50, seconds=0.1))
    story.wait_replicas("steady", 5)
    story.wait_completed(50, seconds=60)
    with Replicas(story.kube, "steady") as history:
        # When the operator gets SIGTERM
        ended = terminate(find("workqueue_operator", IN_A_POD), seconds=STOP_SECONDS)
        assert ended < STOP_SECONDS
        # And is started again by the kubelet
        wait_for("the operator", operator.is_ready, seconds=60)
        story.stay(5)
        # Then no number has changed, and what was said of the WorkQueue stands
        assert history.values() == [5]
    story.wait_ready("steady", "CoolingDown")
