"""What a kernel in a pod costs, by two ways to reach it, beside the local sandbox."""
