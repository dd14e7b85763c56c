"""`tinynas data`: which data sets there are, which one a command would use, and how to download one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tinynas.cli.options import JsonOption
from tinynas.cli.output import ProgressLine, print_json, print_table, say_note

app = typer.Typer(
    help="""Data sets: list them, see which one is used, fetch one. Nothing else downloads anything.

    Examples:

        tinynas data list

        tinynas data show --task kws9

        tinynas data fetch speech_commands
    """,
    no_args_is_help=True,
)


@app.command("list")
def list_sets(as_json: JsonOption = False) -> None:
    """List the data sets tinynas knows, and whether they are here.

    Examples:

        tinynas data list
    """
    from tinynas.data.recipe import load_recipe, recipe_names

    rows = []
    for name in recipe_names():
        recipe = load_recipe(name)
        rows.append(
            {
                "name": name,
                "title": recipe.get("title", name),
                "licence": recipe.get("licence"),
                "size_bytes": recipe.get("size_bytes"),
                "synthetic": bool(recipe.get("synthetic", False)),
                "state": _state(name, recipe.get("url")),
            }
        )
    if as_json:
        print_json(rows)
        return
    cells = [
        (r["name"], r["state"], f"{r['size_bytes'] / 2**20:,.0f} MB" if r["size_bytes"] else "-", r["title"])
        for r in rows
    ]
    print_table("data sets", ("name", "state", ">download", "title"), cells)


def _state(name: str, url: str | None) -> str:
    from tinynas.data.fetch import is_fetched, offer

    if not url:
        return "made here when needed"
    return "fetched" if is_fetched(offer(name)) else "not fetched"


@app.command("show")
def show(
    place: Annotated[
        Path | None, typer.Argument(metavar="[PLACE]", help="A folder or archive; without it, what is used.")
    ] = None,
    task: Annotated[str, typer.Option("--task", metavar="TASK", help="kws12 or kws9.")] = "kws12",
    as_json: JsonOption = False,
) -> None:
    """Show the data a search would use: where it is from, and its clips per class and split.

    Examples:

        tinynas data show

        tinynas data show ~/speech_commands --task kws9
    """
    from tinynas.data import find_dataset

    found = find_dataset(task, place)
    counts = found.counts()
    if as_json:
        facts = {"task": found.task, "source": found.source, "synthetic": found.synthetic, "key": found.key}
        print_json({**facts, "counts": counts})
        return
    print(found.source)
    rows: list[tuple[object, ...]] = [
        (name, *(counts[side][name] for side in ("train", "val", "test"))) for name in found.classes
    ]
    rows.append(("all", *(sum(counts[side].values()) for side in ("train", "val", "test"))))
    print_table(found.task, ("class", ">train", ">val", ">test"), rows)


@app.command("fetch")
def fetch_set(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A name from `tinynas data list`, or a TOML file.")
    ],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Folder for it, instead of tinynas' cache.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal.")] = False,
) -> None:
    """Download a data set: shows size and licence, resumes a broken download, checks the SHA-256.

    Asks before it starts when a person is at the terminal. TINYNAS_DATA or a command's --data then finds it;
    in the cache it is found without being named.

    Examples:

        tinynas data fetch speech_commands

        tinynas data fetch speech_commands --to ~/speech --yes
    """
    from tinynas.data.fetch import Offer, fetch

    def confirm(offer: Offer) -> bool:
        for line in offer.lines():
            say_note(line)
        return yes or not sys.stdin.isatty() or typer.confirm("Download it?", err=True)

    with ProgressLine("downloaded") as line:
        folder = fetch(name, to, confirm, line.bytes)
    print(folder)
