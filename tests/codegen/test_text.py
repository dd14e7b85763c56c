"""Values as C text: no bit lost, no comment or string escaped from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.codegen.text import c_array, c_comment, c_number, c_string


@given(st.integers(-(2**31), 2**31 - 1))
def test_integers_are_literals_of_their_own_value(value: int) -> None:
    text = c_number(value)
    assert eval(text, {"__builtins__": {}}) == value
    assert "2147483648" not in text  # no such literal in a 32-bit int


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_keep_every_bit(value: float) -> None:
    assert float.fromhex(c_number(value).removesuffix("f")) == value


@given(st.text())
def test_comments_and_strings_stay_closed(text: str) -> None:
    assert "*/" not in c_comment(text)
    assert "/*" not in c_comment(text)
    assert '"' not in c_string(text)
    assert "\\" not in c_string(text)
    assert c_comment(text).isascii()


@pytest.mark.parametrize("text", ["**//", "/**/", "*/*/"])
def test_comment_enders_cannot_be_hidden(text: str) -> None:
    assert "*/" not in c_comment(text)
    assert "/*" not in c_comment(text)


def test_arrays_are_padded_and_wrapped() -> None:
    text = c_array(np.arange(100, dtype=np.int8), 104)
    items = [int(x) for x in text.replace("\n", "").split(",") if x.strip()]
    assert items == [*range(100), 0, 0, 0, 0]
    assert max(map(len, text.splitlines())) <= 110
