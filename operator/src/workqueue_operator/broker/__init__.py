"""RabbitMQ: declaring queues and reading them. The only talk to a broker."""
