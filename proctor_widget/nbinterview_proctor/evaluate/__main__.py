"""`python -m nbinterview_proctor.evaluate`, which `nbinterview evaluate` starts."""

import os
import sys
import tempfile


def run() -> int:
    """Run the command, with what MediaPipe's C++ says to descriptor 2 kept aside.

    It writes notes on its own insides there, whatever is asked of it. They are shown
    only where something unforeseen ends the program.
    """
    with tempfile.TemporaryFile() as notes:
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8")
        os.dup2(notes.fileno(), 2)
        from nbinterview_proctor.evaluate.command import main

        try:
            return main()
        except Exception:
            notes.seek(0)
            sys.stderr.write(notes.read().decode("utf-8", "replace"))
            raise


sys.exit(run())
