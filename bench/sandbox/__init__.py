"""How long a sandboxed kernel takes to start, beside a bare one."""
