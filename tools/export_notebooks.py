"""Write the reader's notebooks without a build, for Binder.

`python tools/export_notebooks.py notebooks` writes the notebooks that `make book` puts into the
site. They lack the minutes, which only a build can measure.
"""

import argparse
import json
import os
from pathlib import Path

import built_book
from notebooks.plain_markdown import Conversion, read_bibliography
from notebooks.repository import find_repository, find_site_address, run_git
from notebooks.standalone import make_standalone


def find_addresses(folder, site):
    """Map each page to its address on the published site, or to its file without a site."""
    addresses = {}
    for name in built_book.list_pages():
        page = built_book.ROOT / f"{name}.md"
        file = os.path.relpath(page, folder) if page.exists() else f"{page.stem}.ipynb"
        addresses[page.stem] = f"{site}{name}.html" if site else file
    return addresses


def write_notebooks(folder):
    """Write every chapter that is a notebook into `folder`, and return the paths."""
    address = find_repository(built_book.ROOT)
    commit = run_git(built_book.ROOT, "rev-parse", "HEAD")
    works = read_bibliography(built_book.ROOT / "book" / "references.bib")
    addresses = find_addresses(folder, find_site_address(address))
    files = built_book.list_chapters()
    numbers = built_book.number_exercises(files)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path in (path for path in files if path.suffix == ".ipynb"):
        conversion = Conversion(path.parent, works, addresses, numbers)
        notebook = make_standalone(json.loads(path.read_bytes()), conversion, address, commit)
        if conversion.problems:
            raise built_book.BuildError(
                f"{path.name}: a notebook has no plain form of {conversion.problems[0]}; write it "
                "otherwise, or say in book/_ext/notebooks/plain_markdown.py what becomes of it"
            )
        written.append(folder / path.name)
        text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        written[-1].write_text(text, encoding="utf-8")
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="folder for the notebooks; it is made")
    folder = parser.parse_args().folder
    print(f"{len(write_notebooks(folder))} notebooks lie in {folder}")


if __name__ == "__main__":
    built_book.run_command(main)
