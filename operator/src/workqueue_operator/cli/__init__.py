"""The command `workqueue`: what can be done without a cluster, and by hand."""
