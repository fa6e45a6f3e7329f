"""Fetches the pinned pdfium library, which reads PDFs, from the Python package registry.

Usage: fetch_pdfium.py FOLDER. The folder appears complete or not at all.
"""

import ctypes
import os
import pathlib
import sys

from fetch_wheel import Problem, fetch

PACKAGE, VERSION = "pypdfium2", "5.15.2"
# SHA-256 of the package's file for each system and processor.
FILES = {
    ("Linux", "x86_64"): "dc31aea5b0fb9fefc9b537a65f4113980b2c40798445736a7e6565bc85161e37",
    ("Linux", "aarch64"): "dd46e93c0c3a73f6cea8489baff6d77a5d0759dd53fbbce0aeb49c91830176fc",
    ("Darwin", "arm64"): "e71fe832e94421ac3c28d6a6ed4a9e61f22417089652d339f391c4ffc2a44c35",
    ("Darwin", "x86_64"): "7f296a298074d76fb7c3d1ecb80d7097a96778bf0ad9c5c48a0170e56e2c6821",
}


def place(tree: pathlib.Path) -> None:
    """The library stands at the top of the tree and loads here; its licences stay beside it."""
    libraries = [*tree.glob("pypdfium2_raw/libpdfium.so"), *tree.glob("pypdfium2_raw/libpdfium.dylib")]
    if len(libraries) != 1:
        raise Problem(f"{PACKAGE} {VERSION} does not hold the library where it is expected")
    library = libraries[0].rename(tree / libraries[0].name)
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        raise Problem(f"the fetched library does not load here: {error}") from error


def main() -> int:
    os.umask(0o022)
    try:
        fetch(pathlib.Path(sys.argv[1]), "the PDF reader (4 MB)", (PACKAGE, VERSION, FILES), place)
    except (Problem, OSError) as problem:
        print(f"setup: {problem}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
