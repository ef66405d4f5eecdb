"""Proof under faults: every task is accounted for while workers, broker and operator die."""
