"""Training processes side by side.

Each slot is a thread here and a worker process (tinynas.train.worker) of its own, because TensorFlow with one
thread a process trains small nets faster than one process with two threads. A worker that dies is started
anew for the next job; its own job fails with the last words it wrote.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import IO

from tinynas.errors import ToolError
from tinynas.train.job import Job, Report, Result


class TrainingPool:
    """`submit` jobs, get futures of `Result`; use as a context manager."""

    def __init__(self, workers: int = 2) -> None:
        self.workers = workers
        self._threads = ThreadPoolExecutor(workers)
        self._local = threading.local()
        self._started: list[_Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, job: Job, report: Report | None = None) -> Future[Result]:
        """The future raises ToolError when the training failed or its process died."""
        return self._threads.submit(self._run, job, report)

    def _run(self, job: Job, report: Report | None) -> Result:
        worker: _Worker | None = getattr(self._local, "worker", None)
        if worker is None or not worker.alive:
            worker = self._local.worker = _Worker()
            with self._lock:
                self._started.append(worker)
                if self._closed:
                    worker.stop()
        return worker.run(job, report)

    def close(self) -> None:
        """Stop the workers at once; jobs under way fail."""
        with self._lock:
            self._closed = True
            for worker in self._started:
                worker.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> TrainingPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class _Worker:
    def __init__(self) -> None:
        self.words: IO[bytes] = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tinynas.train.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.words, text=True, encoding="utf-8", env={**os.environ, "PYTHONUNBUFFERED": "1"})

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def run(self, job: Job, report: Report | None) -> Result:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(job.to_json()) + "\n")
            self.process.stdin.flush()
        except OSError:
            raise self._died(job) from None
        for line in self.process.stdout:
            message = json.loads(line)
            if message["event"] == "done":
                return Result.from_json(message["result"])
            if message["event"] == "failed":
                raise ToolError(f"training {job.arch.id} failed: {message['error']}")
            if report is not None:
                report({k: v for k, v in message.items() if k != "event"})
        raise self._died(job)

    def _died(self, job: Job) -> ToolError:
        self.stop()
        self.words.seek(0)
        lines = [line for line in self.words.read().decode("utf-8", "replace").splitlines() if line.strip()]
        last = lines[-1].strip() if lines else "without a word"
        status = self.process.returncode
        return ToolError(f"training {job.arch.id}: its process ended (status {status}): {last}")

    def stop(self) -> None:
        if self.alive:
            self.process.kill()
        self.process.wait()
