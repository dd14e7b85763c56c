"""The study: what is known about trials, in an Optuna storage (SQLite in the run folder unless a URL is
given), so that Optuna's own tools open it.

A trial is entered when it starts and completed when it ends, each in one transaction: killing the process
loses at most the trials under way. Trials are found again by a key made of everything their result depends
on, so the same command repeats none that finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinynas.errors import UsageError

if TYPE_CHECKING:
    import optuna

STUDY = "tinynas"


@dataclass(frozen=True)
class Trial:
    """A finished trial. `value`: what the study maximizes; `facts`: everything else, plain JSON."""

    number: int
    key: str
    value: float
    facts: Mapping[str, Any]


class Study:
    """Trials and notes of one run folder. Opening makes it when it is not there."""

    def __init__(self, folder: str | Path, storage: str | None = None) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._running: dict[int, optuna.Trial] = {}
        root = Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        url = storage or f"sqlite:///{(root / 'study.db').resolve().as_posix()}"
        with _storage_trouble(url):
            self._study = optuna.create_study(
                storage=url, study_name=STUDY, direction="maximize", load_if_exists=True)
            self._close_interrupted()

    def finished(self) -> dict[str, Trial]:
        """Completed trials by key, oldest first."""
        import optuna

        done = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        facts = ((t.number, t.value, t.user_attrs["facts"]) for t in done if "facts" in t.user_attrs)
        trials = (Trial(number, kept["key"], float(value or 0.0), kept) for number, value, kept in facts)
        return {t.key: t for t in trials}

    def begin(self, key: str, facts: Mapping[str, Any]) -> int:
        """Enter a trial that starts now; returns its number."""
        trial = self._study.ask()
        trial.set_user_attr("facts", {"key": key, **facts})
        self._running[int(trial.number)] = trial
        return int(trial.number)

    def complete(self, number: int, value: float, facts: Mapping[str, Any]) -> None:
        """A trial begun here ended well; `facts` are added to those it began with."""
        trial = self._running.pop(number)
        trial.set_user_attr("facts", {**trial.user_attrs["facts"], **facts})
        self._study.tell(number, value)

    def fail(self, number: int, reason: str) -> None:
        """A trial begun here ended without a result."""
        import optuna

        self._running.pop(number).set_user_attr("error", reason)
        self._study.tell(number, state=optuna.trial.TrialState.FAIL)

    def note(self, key: str, value: Any) -> None:
        """Keep something about the whole study (JSON)."""
        self._study.set_user_attr(key, value)

    def notes(self) -> dict[str, Any]:
        return dict(self._study.user_attrs)

    def _close_interrupted(self) -> None:
        """Trials that a killed process left running did not finish; they say so."""
        import optuna

        for trial in self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)


@contextmanager
def _storage_trouble(url: str) -> Iterator[None]:
    """A storage that cannot be opened is one clear error."""
    import sqlalchemy

    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, OSError, ImportError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"cannot open the study at {url}: {first}") from error
