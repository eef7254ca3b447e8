"""`python -m nbinterview.cli`."""

import sys

from nbinterview.cli import main

sys.exit(main())
