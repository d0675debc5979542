"""Apache Otava behind a pipe; runs in an environment of its own, without Gnomon.

Each line of the standard input is a JSON list of series, each line of the output the list of their change
points' indices.
"""

import json
import sys

from otava.analysis import compute_change_points  # type: ignore[import-not-found]


def main() -> None:
    """Answers until the input ends."""
    p = float(sys.argv[1])
    for line in sys.stdin:
        answer = []
        for values in json.loads(line):
            points, _ = compute_change_points(values, max_pvalue=p) if len(values) > 2 else ([], None)
            answer.append([int(point.index) for point in points])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
