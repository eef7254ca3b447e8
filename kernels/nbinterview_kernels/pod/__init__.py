"""A kernel in a pod of its own: what runs in the pod, and the room's side of it.

The service alone makes, watches and removes pods; a room asks it (`client`) and talks
to the kernel by CurveZMQ (`provisioner`). `entry` is what the pod's container runs.
"""
