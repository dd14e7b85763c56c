"""Jinja set up once: undefined names are errors, blocks leave no blank lines."""

from __future__ import annotations

from functools import cache

import jinja2

from tinynas.resources import resource_dir


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_dir("firmware") / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(template: str, **values: object) -> str:
    """The template under firmware/templates/ filled with `values`."""
    return _environment().get_template(template).render(**values)
