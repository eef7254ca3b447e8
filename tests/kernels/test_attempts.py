"""Attempts to reach the network or to start a program are told, and change nothing."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.kernels.driver import Kernel

TRIED = {
    "three connections": (
        """
import socket
for _ in range(3):
    try: socket.create_connection(("198.51.100.7", 80), 1)
    except OSError: pass
""",
        {"network": 3},
    ),
    "a page": (
        """
import urllib.request
try: urllib.request.urlopen("http://example.invalid")
except OSError: pass
""",
        {"network": 1},
    ),
    "a table from elsewhere": (
        """
import pandas
try: pandas.read_csv("https://example.invalid/x.csv")
except OSError: pass
""",
        {"network": 1},
    ),
    "a datagram": (
        """
import socket
try: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("198.51.100.7", 53))
except OSError: pass
""",
        {"network": 1},
    ),
    "a thread's look-up": (
        """
import socket, threading
def look_up():
    try: socket.getaddrinfo("a.invalid", 1)
    except OSError: pass
thread = threading.Thread(target=look_up)
thread.start()
thread.join()
""",
        {"network": 1},
    ),
    "IPython's own way": ("!echo hello", {"process": 1}),
    "a cell of another language": ("%%bash\necho hello", {"process": 1}),
    "two programs": (
        "import subprocess; subprocess.run(['true']); subprocess.run(['true'])",
        {"process": 2},
    ),
    "a shell's line": ("import os; _ = os.system('true')", {"process": 1}),
    "by hand": (
        """
import os
if (child := os.fork()) == 0:
    os.execv("/bin/true", ["true"])
_ = os.waitpid(child, 0)
""",
        {"process": 1},
    ),
}

STAYS = {
    "tables": "import numpy, pandas; pandas.DataFrame({'a': [1]}).describe()",
    "a figure": "import plotly.express as px; px.line(x=[1], y=[2])",
    "a server of one's own": """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
""",
    # There is no file of hosts; what the names would be is here.
    "names of this machine": """
import socket
for name in ("localhost", socket.gethostname()):
    try: socket.getaddrinfo(name, 80)
    except OSError: pass
""",
    "a loop of events": "import asyncio; await asyncio.sleep(0)",
    "Python in parallel": """
import multiprocessing
process = multiprocessing.get_context("fork").Process(target=print)
process.start()
process.join()
""",
    "files": "from pathlib import Path; Path('x').write_text('x'); open('x').close()",
}


@pytest.mark.parametrize(("code", "told"), TRIED.values(), ids=TRIED)
def test_an_attempt_is_told_once_a_run(
    kernel: Kernel, code: str, told: dict[str, int]
) -> None:
    result = kernel.run(code)
    assert (result.status, result.error) == ("ok", "")
    assert result.attempts == [told]
    # It is the run's own: the next one has none.
    assert kernel.run("1 + 1").attempts == []


@pytest.mark.parametrize("code", STAYS.values(), ids=STAYS)
def test_what_stays_here_is_no_attempt(kernel: Kernel, code: str) -> None:
    result = kernel.run(code)
    assert (result.status, result.error) == ("ok", "")
    assert result.attempts == []


def test_a_run_that_fails_tells_its_attempts_all_the_same(kernel: Kernel) -> None:
    result = kernel.run("import socket; socket.create_connection(('a.invalid', 80))")
    assert result.status == "error"
    assert result.error.startswith("gaierror")
    assert result.attempts == [{"network": 1}]


def test_the_counter_is_nowhere_in_the_way(kernel: Kernel) -> None:
    """Code with odd arguments gets Python's own errors, and no name of ours."""
    odd = """
import socket
found = []
for where in (None, 3, ("a", "b", "c", 4), (3, 4), (None, 5)):
    try:
        socket.socket().connect(where)
    except (TypeError, OSError, OverflowError, AttributeError) as error:
        found.append(type(error).__name__)
say([found, [name for name in globals() if "ttempt" in name and name != "attempt"]])
"""
    plain = odd.replace("say(", "print(")
    told, names = kernel.value(odd)
    assert names == []
    assert told == _outside(plain)


def _outside(code: str) -> list[str]:
    """Return what a plain Python says to the same code."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    found: list[str] = ast.literal_eval(done.stdout)[0]
    return found
