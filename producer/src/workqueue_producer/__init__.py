"""Publishes tasks to a RabbitMQ work queue: persistent, confirmed, and accounted for."""

__version__ = "0.1.0"
