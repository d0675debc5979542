"""A service that records: `python -m tests.truth.sender FOLDER SECONDS PER_SECOND [ENDPOINT]`.

After each model call it writes into FOLDER/told how many there were, so that whoever kills it knows. At the
end it prints its own account.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import gnomon


def main() -> None:
    folder, seconds, per_second = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    where = {"endpoint": sys.argv[4]} if len(sys.argv) > 4 else {}
    gnomon.configure(service_name="sender", spool_directory=folder / "spool", set_global=False, **where)  # type: ignore[arg-type]
    began = time.monotonic()
    calls = 0
    with (folder / "told").open("wb", buffering=0) as told:
        while time.monotonic() - began < seconds:
            with gnomon.model_call("claude-haiku-4-5") as call:
                call.tokens(input=100, output=10)
            calls += 1
            os.pwrite(told.fileno(), b"%d %d" % (calls, time.time_ns()), 0)
            time.sleep(max(0.0, calls / per_second - (time.monotonic() - began)))
    gnomon.flush(30)
    sys.stdout.write(json.dumps({"calls": calls, **gnomon.account()}))
    gnomon.shutdown()


if __name__ == "__main__":
    main()
