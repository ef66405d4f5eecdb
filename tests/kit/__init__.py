"""What the stories, the demo and the benchmarks share: a cluster, a broker, a ledger."""
