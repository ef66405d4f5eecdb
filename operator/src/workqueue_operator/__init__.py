"""WorkQueue operator: RabbitMQ work queues on Kubernetes, one object each."""

__version__ = "0.1.0"
