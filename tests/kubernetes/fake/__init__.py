"""A Kubernetes API without a cluster, over real HTTP."""
