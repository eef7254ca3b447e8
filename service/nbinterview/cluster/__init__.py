"""Kernels in pods of their own: what the service asks of a Kubernetes cluster."""
