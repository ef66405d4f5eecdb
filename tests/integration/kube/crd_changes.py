"""Changes that the schema refuses: RabbitMQ fixes these when the queue is declared."""

from integration.kube.crd_examples import Bad, arguments, broker, queue

ON_CHANGE = [
    Bad(
        id="another queue name",
        message="the queue's name cannot be changed",
        before=queue(name="old"),
        change=queue(name="new"),
    ),
    Bad(
        id="a queue name where there was none",
        message="the queue's name cannot be changed",
        before={},
        change=queue(name="new"),
    ),
    Bad(
        id="no queue name where there was one",
        message="the queue's name cannot be changed",
        before=queue(name="old"),
        change=queue(name=None),
    ),
    Bad(
        id="another vhost",
        message="spec.broker.vhost cannot be changed",
        before={},
        change=broker(vhost="other"),
    ),
    Bad(
        id="no vhost any more, where it was not the default",
        message="spec.broker.vhost cannot be changed",
        before=broker(vhost="other"),
        change=broker(vhost=None),
    ),
    Bad(
        id="another type of queue",
        message="spec.queue.type cannot be changed",
        before={},
        change=queue(type="Classic"),
    ),
    Bad(
        id="the queue removed, and with it the type",
        message="spec.queue.type cannot be changed",
        before=queue(type="Classic"),
        change={"spec": {"queue": None}},
    ),
    Bad(
        id="no dead letters any more",
        message="spec.queue.deadLetters cannot be changed",
        before={},
        change=queue(deadLetters="None"),
    ),
    Bad(
        id="a delivery limit added",
        message="spec.queue.deliveryLimit cannot be set, changed or removed later",
        before={},
        change=queue(deliveryLimit=5),
    ),
    Bad(
        id="another delivery limit",
        message="spec.queue.deliveryLimit cannot be set, changed or removed later",
        before=queue(deliveryLimit=5),
        change=queue(deliveryLimit=6),
    ),
    Bad(
        id="an argument added",
        message="spec.queue.arguments cannot be set, changed or removed later",
        before={},
        change=arguments(max_length=5),
    ),
    Bad(
        id="another value of an argument",
        message="spec.queue.arguments cannot be set, changed or removed later",
        before=arguments(max_length=5),
        change=arguments(max_length=6),
    ),
    Bad(
        id="the arguments removed",
        message="spec.queue.arguments cannot be set, changed or removed later",
        before=arguments(max_length=5),
        change=queue(arguments=None),
    ),
    Bad(
        id="the delivery limit removed",
        message="spec.queue.deliveryLimit cannot be set, changed or removed later",
        before=queue(deliveryLimit=5),
        change=queue(deliveryLimit=None),
    ),
]
