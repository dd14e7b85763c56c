"""Only the C: a model's sources as a folder that CMake, Zephyr, Arduino and any makefile can take.

Layout: src/ (generated model and the kernels it uses), README.md, CMakeLists.txt, library.properties, zephyr/."""

from __future__ import annotations

from pathlib import Path

from tinynas import __version__
from tinynas.codegen.model import describe_ports, generate_model, model_hash
from tinynas.codegen.render import render
from tinynas.codegen.text import c_string
from tinynas.compile import Program

FILES = {
    "README.md": "README.md.j2",
    "CMakeLists.txt": "CMakeLists.txt.j2",
    "library.properties": "library.properties.j2",
    "zephyr/module.yml": "module.yml.j2",
    "zephyr/Kconfig": "Kconfig.j2",
}
MARK = "library.properties"  # an earlier export is known by this


def write_export(program: Program, directory: Path, target: str) -> list[Path]:
    """Fill `directory` (which exists and is empty); returns the C sources. `target`: who the kernels were chosen
    for, in words."""
    (directory / "src").mkdir()
    sources = generate_model(program).write(directory / "src")
    values = {
        "name": c_string(program.graph.name),
        "version": __version__,
        "model_hash": model_hash(program),
        "target": target,
        "arena_bytes": program.sram.arena_bytes,
        "constants_bytes": program.flash.weights_bytes + program.flash.tables_bytes,
        "interface": describe_ports(program),
        "sources": sorted(path.name for path in sources),
    }
    for name, template in FILES.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(render(f"export/{template}", **values))
    return sources
