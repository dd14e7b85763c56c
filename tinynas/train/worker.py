"""A training process: `python -m tinynas.train.worker`.

Reads jobs from standard input, one JSON object a line, and answers on standard output: progress lines, then
`done` or `failed`. Ends when its input ends, also in the middle of a job, so no worker outlives the process
that started it, however that one died.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any, TextIO

from tinynas.errors import TinynasError


def main() -> int:
    answers = _claim_stdout()
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, jobs), daemon=True).start()
    _prepare_tensorflow()
    while True:
        _serve(jobs.get(), answers)


def _serve(line: str, answers: TextIO) -> None:
    from tinynas.train.job import Job, run_job

    try:
        result = run_job(Job.from_json(json.loads(line)), lambda e: _send(answers, {"event": "epoch", **e}))
        _send(answers, {"event": "done", "result": result.to_json()})
    except TinynasError as error:
        _send(answers, {"event": "failed", "error": str(error)})
    except Exception as error:  # the job's own trouble; the next job deserves a fair start
        _send(answers, {"event": "failed", "error": f"{type(error).__name__}: {error}".splitlines()[0]})


def _listen(stream: TextIO, jobs: queue.SimpleQueue[str]) -> None:
    """Passes lines on; when the starter is gone, so are we."""
    for line in stream:
        jobs.put(line)
    os._exit(0)


def _claim_stdout() -> TextIO:
    """Keeps the real standard output for answers; whatever else prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _send(answers: TextIO, message: dict[str, Any]) -> None:
    try:
        answers.write(json.dumps(message) + "\n")
        answers.flush()
    except BrokenPipeError:
        os._exit(0)


def _prepare_tensorflow() -> None:
    """One thread, no accelerator, no chatter."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    from tinynas.train.loop import use_threads

    use_threads(int(os.environ.get("TINYNAS_TRAIN_THREADS", "1")))


if __name__ == "__main__":
    sys.exit(main())
