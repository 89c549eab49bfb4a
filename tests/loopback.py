"""Ports for the servers of tests, which run several at once."""

import socket


def free_port() -> int:
    """Return a port that nobody has: the system hands out another each time, while Gradio's search has two servers meet."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
