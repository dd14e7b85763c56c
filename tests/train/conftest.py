"""The toy task as a fixture."""

from __future__ import annotations

import pytest

from tests.train.toy_task import make_prepared
from tinynas.train import Prepared


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return make_prepared(tmp_path_factory.mktemp("toy") / "prepared")
