"""`python -m itwin_platform.sandbox`: run the sandbox until it is stopped with Ctrl-C or SIGTERM."""

import argparse
import os
import signal
import sys
import threading

from . import Sandbox

_POLL = 0.5


def main(arguments: list[str] | None = None, *, program: str = "python -m itwin_platform.sandbox") -> int:
    """Run the command line and return its exit code: 0 after a stop, 2 if the sandbox cannot start.

    Parameters:
        arguments: The command-line arguments; by default those of this process.
        program: The name of the program, for the help.
    """
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve the documented answers of the iTwin Platform on a port of this machine (127.0.0.1).",
    )
    parser.add_argument("--port", type=_port, default=0, help="TCP port; by default a free one")
    parser.add_argument("--data", metavar="FILE", help="JSON or YAML with resources to begin with; see Sandbox(data=)")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast the clock runs; by default 1")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer; by default 0")
    given = parser.parse_args(arguments)
    port: int = given.port

    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda _number, _frame: stop.set())

    try:
        sandbox = Sandbox(port=port, data=given.data, speed=given.speed, latency=given.latency)
        sandbox.start()
    except ValueError as error:
        return _refuse(program, str(error))
    except ImportError as error:
        return _refuse(program, str(error))
    except OSError as error:
        return _refuse(program, f"cannot listen on port {port}: {error.strerror or error}")
    try:
        print(_welcome(sandbox), flush=True)  # noqa: T201 (what the command is for)
        # With a timeout, because on Windows a wait without one cannot be interrupted.
        while sandbox.is_running and not stop.wait(_POLL):
            pass
    finally:
        sandbox.stop()
    return 0


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError("must be a number from 0 to 65535")


def _refuse(program: str, message: str) -> int:
    print(f"{program}: {message}", file=sys.stderr)  # noqa: T201
    return 2


def _welcome(sandbox: Sandbox) -> str:
    assign = '$env:{} = "{}"' if os.name == "nt" else "export {}={}"
    variables = "\n".join(assign.format(name, value) for name, value in sandbox.environment.items())
    return f"""\
The iTwin Platform sandbox is running at {sandbox.url}
Stop it with Ctrl-C. Its tokens and ids are valid nowhere else.

  access token    {sandbox.token}
  client id       {sandbox.client_id}
  client secret   {sandbox.client_secret}
  control token   {sandbox.control_token}
  iTwin           {sandbox.itwin_id}
  repository      {sandbox.repository_id}
  resource        {sandbox.resource_id}

To use it from another terminal:

{variables}

To have the next 2 requests answered with 429 and a wait of 1 second:

curl -X POST -H "Authorization: Bearer {sandbox.control_token}" "{sandbox.url}/sandbox/rate-limit?times=2&retry_after=1"
"""


if __name__ == "__main__":
    sys.exit(main())
