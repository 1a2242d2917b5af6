"""The reconcile loop: queue, backoff, outcomes. Knows nothing of containers."""
