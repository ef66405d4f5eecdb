"""A real Kubernetes on one machine, built from package registries alone.

`python3 -m cluster` (with `tests` on PYTHONPATH) is the command; `__main__.py` is its index.
Standard library only, because it has to run before anything is installed.
"""
