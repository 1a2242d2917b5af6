"""Records of any kind: desired state and durable status, on disk."""
