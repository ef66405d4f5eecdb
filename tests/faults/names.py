"""The faults by name, in the order of the table."""

FAULTS = (
    "kill-workers",
    "stop-broker",
    "kill-broker",
    "partition",
    "kill-operator",
    "drain",
    "rollout",
    "scale-in",
    "rotate",
)
ALL = "all together"
