"""A run folder keeps finished trials through anything, and never mixes two runs."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from tinynas.errors import UsageError
from tinynas.runs import RunFolder, Study

CONFIG = {"space": "kws-conv", "budgets": {"flash_bytes": 1000, "sram_bytes": None}, "seed": 0}


def test_trials_are_found_again_by_key(tmp_path):
    study = Study(tmp_path)
    first = study.begin("k1", {"arch": {"blocks": []}})
    second = study.begin("k2", {"arch": {"blocks": [1]}})
    study.complete(second, 0.5, {"model": "b.tflite"})
    study.complete(first, 0.75, {"model": "a.tflite"})
    failed = study.begin("k3", {})
    study.fail(failed, "its process ended")
    study.note("elapsed_s", 12.5)

    again = Study(tmp_path)
    found = again.finished()
    assert list(found) == ["k1", "k2"]
    assert found["k1"].value == 0.75
    assert found["k2"].facts == {"key": "k2", "arch": {"blocks": [1]}, "model": "b.tflite"}
    assert again.notes() == {"elapsed_s": 12.5}


def test_kill_loses_only_the_trial_under_way(tmp_path):
    script = textwrap.dedent(f"""
        import os, signal
        from tinynas.runs import Study
        study = Study({str(tmp_path)!r})
        for n in range(3):
            study.complete(study.begin(f"k{{n}}", {{}}), n / 10, {{"n": n}})
        study.begin("lost", {{}})
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    assert done.returncode == -9, done.stderr
    study = Study(tmp_path)
    assert list(study.finished()) == ["k0", "k1", "k2"]
    number = study.begin("lost", {})  # may be tried anew
    study.complete(number, 1.0, {})
    assert "lost" in study.finished()


def test_a_storage_that_cannot_be_opened_is_one_line(tmp_path):
    with pytest.raises(UsageError, match="cannot open the study") as caught:
        Study(tmp_path, f"sqlite:///{tmp_path}/no/such/folder/x.db")
    assert "\n" not in str(caught.value)


def test_the_same_command_goes_on_and_another_is_refused(tmp_path):
    with RunFolder(tmp_path / "run", CONFIG) as run:
        run.study.complete(run.study.begin("k", {}), 1.0, {})
    with RunFolder(tmp_path / "run", CONFIG) as run:
        assert "k" in run.study.finished()
    other = {**CONFIG, "budgets": {"flash_bytes": 2000, "sram_bytes": None}}
    with pytest.raises(UsageError, match="budgets.flash_bytes is 1000 there and 2000 here"):
        RunFolder(tmp_path / "run", other)


def test_two_processes_do_not_share_a_folder(tmp_path):
    with RunFolder(tmp_path, CONFIG):
        with pytest.raises(UsageError, match="another process"):
            RunFolder(tmp_path, CONFIG)
    RunFolder(tmp_path, CONFIG).close()


def test_a_damaged_config_is_one_clear_error(tmp_path):
    (tmp_path / "config.json").write_text("{ half")
    with pytest.raises(UsageError, match="damaged"):
        RunFolder(tmp_path, CONFIG)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot use run folder"):
        RunFolder(tmp_path / "file", CONFIG)
