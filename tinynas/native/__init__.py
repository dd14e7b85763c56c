"""The host's C compiler: the same C that runs on the device, built as a library and called from Python."""

from tinynas.native.cache import cache_dir
from tinynas.native.compiler import SANITIZERS, build_library, find_compiler, load

__all__ = ["SANITIZERS", "build_library", "cache_dir", "find_compiler", "load"]
