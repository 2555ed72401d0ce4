"""Write the reader's notebooks without a build, for Binder.

`python tools/export_notebooks.py notebooks` writes those that `make book` puts into the site,
except for the minutes, which only a build can measure.
"""

import argparse
import json
import os
from pathlib import Path

import built_book
from notebooks.plain_markdown import Conversion, read_bibliography
from notebooks.repository import find_repository, find_site_address, run_git
from notebooks.standalone import make_standalone


def addresses(folder, site):
    """Where links to other pages lead: to the published site, or to the files."""
    places = {}
    for name in built_book.pages():
        page = built_book.ROOT / f"{name}.md"
        here = os.path.relpath(page, folder) if page.exists() else f"{page.stem}.ipynb"
        places[page.stem] = f"{site}{name}.html" if site else here
    return places


def write(folder):
    """Write every chapter that is a notebook into `folder`, and return their paths."""
    address = find_repository(built_book.ROOT)
    commit = run_git(built_book.ROOT, "rev-parse", "HEAD")
    works = read_bibliography(built_book.ROOT / "book" / "references.bib")
    places, files = addresses(folder, find_site_address(address)), built_book.files()
    numbers = built_book.exercise_numbers(files)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path in (path for path in files if path.suffix == ".ipynb"):
        pages = Conversion(path.parent, works, places, numbers)
        notebook = make_standalone(json.loads(path.read_bytes()), pages, address, commit)
        if pages.problems:
            raise built_book.CannotBuild(
                f"{path.name}: a notebook has no plain form of {pages.problems[0]}; write it "
                "otherwise, or say in book/_ext/notebooks/plain_markdown.py what becomes of it"
            )
        written.append(folder / path.name)
        text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        written[-1].write_text(text, encoding="utf-8")
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where they go; it is made")
    folder = parser.parse_args().folder
    print(f"{len(write(folder))} notebooks lie in {folder}")


if __name__ == "__main__":
    built_book.command(main)
