"""Rebuild what is out of date after an edit of the library, the extensions or the style sheets.

jupyter-cache compares a notebook's cells alone, and Sphinx the pages and their settings. So the
folder of the cache has a hash of the library in its name, and two settings hold the hashes.
"""

import hashlib
import shutil
from pathlib import Path

import resnet_lib

LIBRARY = Path(resnet_lib.__file__).parent
BOOK = Path(__file__).parents[2]


def hash_folder(folder):
    """Hash the names and contents of the source files in `folder`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def set_hashes(app, config):
    # Sphinx reads every page again if the first changes, and writes them again if the second does.
    key = config.library_hash = hash_folder(LIBRARY)
    config.looks_hash = hash_folder(BOOK / "_ext") + hash_folder(BOOK / "_static")
    caches = Path(app.outdir).parent / ".jupyter_cache"
    for old in caches.glob("*"):
        if old.name != key:
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(caches / key)


def setup(app):
    app.add_config_value("library_hash", "", "env")
    app.add_config_value("looks_hash", "", "html")
    app.connect("config-inited", set_hashes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
