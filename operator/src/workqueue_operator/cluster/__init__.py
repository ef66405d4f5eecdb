"""Kubernetes: objects, watches, worker pods, events. The only talk to the API server."""
