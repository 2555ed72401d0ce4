"""Write every chapter as a notebook into the site, `colab/<name>.ipynb`, and link it in the header.

The launch buttons of sphinx-book-theme open the chapter's own file, which does not install the
library and holds the solutions. These notebooks install it from this repository at the commit of
the build. The address comes from `BOOK_REPOSITORY_URL` or the git remote, so a fork needs no edit.
Without an address there is no Colab button, and the notebook says how to install the library.
"""

import json
import shutil
from pathlib import Path

from pages.chapter_times import format_times
from sphinx.errors import ConfigError
from sphinx.util import logging

from notebooks.plain_markdown import Conversion, read_bibliography
from notebooks.repository import (
    BRANCH,
    describe_unpublished,
    find_repository,
    find_site_address,
    parse_github_address,
    run_git,
)
from notebooks.standalone import make_standalone

LOGGER = logging.getLogger(__name__)
FOLDER = "colab"  # of the site, and so of the branch that is published


def set_repository(app, config):
    # A page holds the address alone, and so a new commit does not write every page again.
    try:
        config.colab_repository = find_repository(app.srcdir) or ""
    except ValueError as problem:
        raise ConfigError(str(problem)) from problem


def find_notebooks(env):
    """Return the page and the file of every notebook in the table of contents."""
    files = {page: Path(env.doc2path(page)) for page in sorted(env.found_docs)}
    return {page: file for page, file in files.items() if file.suffix == ".ipynb"}


def add_button_addresses(app, pagename, templatename, context, doctree):
    """Give the template `notebook-buttons.html` its addresses, on the page of a chapter."""
    if pagename not in find_notebooks(app.env):
        return
    file = f"{FOLDER}/{Path(pagename).name}.ipynb"
    context["notebook"] = {"file": context["pathto"](file, 1), "name": Path(file).name}
    if names := parse_github_address(app.config.colab_repository):
        owner, project = names
        context["notebook"]["colab"] = (
            f"https://colab.research.google.com/github/{owner}/{project}/blob/{BRANCH}/{file}"
        )


def remove_source_button(app, pagename, templatename, context, doctree):
    """Remove the button to the chapter's own file, which does not install the library."""
    if "notebook" in context:
        for group in context["header_buttons"]:
            buttons = group.get("buttons", [])
            buttons[:] = [one for one in buttons if one.get("label") != "download-source-button"]


def write_notebooks(app, exception):
    if exception or app.builder.format != "html":
        return
    env, address = app.env, app.config.colab_repository or None
    commit = run_git(app.srcdir, "rev-parse", "HEAD")
    folder = Path(app.outdir, FOLDER)
    shutil.rmtree(folder, ignore_errors=True)  # of a chapter that is no more
    folder.mkdir(parents=True)
    works = read_bibliography(*(Path(app.confdir, file) for file in app.config.bibtex_bibfiles))
    for page, file in find_notebooks(env).items():
        conversion = Conversion(
            file.parent, works, find_addresses(env, address), find_exercise_numbers(env)
        )
        chapter, minutes = json.loads(file.read_bytes()), format_times(app, page)
        notebook = make_standalone(chapter, conversion, address, commit, minutes)
        text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        (folder / file.name).write_text(text, encoding="utf-8")
        for problem in conversion.problems:
            LOGGER.warning("the notebook for Colab has no plain form of %s", problem, location=page)
    if address and (missing := describe_unpublished(app.srcdir)):
        print(f"The notebooks in {FOLDER}/ name this repository, but {missing}")


def find_addresses(env, address):
    """Return the addresses of a notebook's links to other pages, by their names.

    They lead to the published site. Without one they lead to the notebook beside it, or to a page
    of text in the site that both are in.
    """
    if site := find_site_address(address):
        return {Path(page).name: f"{site}{page}.html" for page in env.found_docs}
    pages = {Path(page).name: f"../{page}.html" for page in env.found_docs}
    return pages | {Path(page).name: file.name for page, file in find_notebooks(env).items()}


def find_exercise_numbers(env):
    """Return the number of each exercise on the site, by its label."""
    return {
        label: ".".join(map(str, number))
        for numbers in env.toc_fignumbers.values()
        for label, number in numbers.get("exercise", {}).items()
    }


def setup(app):
    app.setup_extension("pages.chapter_times")
    app.add_config_value("colab_repository", "", "html")
    app.connect("config-inited", set_repository)
    # Before the theme, which leaves out templates that come out empty; and after it.
    app.connect("html-page-context", add_button_addresses, priority=400)
    app.connect("html-page-context", remove_source_button, priority=900)
    app.connect("build-finished", write_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
