"""Document the public names of the library: ```` ```{public-names} resnet imagenet ````.

`sphinx.ext.autodoc` writes the entries. `sphinx.ext.autosummary` would list what a module defines,
with private helpers, and not what the package exports lazily. `sphinx.ext.napoleon` reads sections,
and these docstrings are prose with `code` in single backticks. A missing docstring is a warning.
"""

import inspect
import os
import re
from unittest.mock import patch

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import resnet_lib

LOGGER = logging.getLogger(__name__)
LABELS = re.compile(r"(?:^|\s)(Raises|Source:)(?=\s)")


class PublicNames(SphinxDirective):
    """Document the public names of modules and, with `:returned:`, classes that they return."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"returned": str.split}  # noqa: RUF012  docutils reads it so

    def run(self):
        import_library()
        lines = ["````{eval-rst}"]
        for module in self.arguments[0].split():
            for name in list_public_names(module):
                lines += write_entry(getattr(resnet_lib, name), f"resnet_lib.{name}")
            for name in self.options.get("returned", ()):
                lines += [f".. autoclass:: resnet_lib.{module}.{name}", "   :members:", ""]
        found = nodes.container(classes=["rl-api"])
        self.state.nested_parse(StringList([*lines, "````"], source=""), self.content_offset, found)
        return found.children


def list_public_names(module):
    """List the names of `module` that the package exports. `ValueError` if there are none."""
    if module not in resnet_lib._NAMES_BY_MODULE:
        raise ValueError(
            f"no module {module!r} with public names; known: "
            f"{', '.join(resnet_lib._NAMES_BY_MODULE)}"
        )
    return resnet_lib._NAMES_BY_MODULE[module].split()


def write_entry(thing, path):
    """Write the autodoc directive of one name, as lines."""
    if not isinstance(thing, type):
        kind = "function" if callable(thing) else "data"
        options = ["   :no-value:"] if isinstance(thing, dict) else []
    elif issubclass(thing, Exception):
        kind, options = "exception", []
    else:
        # A widget's docstring describes its traits; as members they would have traitlets' words.
        kind, options = "class", [] if hasattr(thing, "class_traits") else ["   :members:"]
    return [f".. auto{kind}:: {path}", *options, ""]


def find_docstring(path, lines):
    """Return the docstring of `path`; that of a constant is the `#:` comment before it."""
    name = path.removeprefix("resnet_lib.")
    thing = getattr(resnet_lib, name, None) if name in resnet_lib.__all__ else None
    if thing is None or callable(thing):
        return lines
    home = f"resnet_lib.{resnet_lib._MODULE_BY_NAME[name]}"
    return ModuleAnalyzer.for_module(home).find_attr_docs().get(("", name), [])


def to_restructured_text(text):
    """Convert a docstring to reStructuredText, with "Raises" in a paragraph of its own."""
    return "\n\n".join(map(convert_paragraph, re.split(r"\n\s*\n", text.strip())))


def convert_paragraph(text):
    if text.startswith(">>>"):
        return text
    parts = re.split(r"(`[^`]+`)", text)
    parts[::2] = [re.sub(r"([*|\\_])", r"\\\1", words) for words in parts[::2]]
    # A name in code may end in a letter: "`Run`s". Only an escaped blank lets it be written so.
    parts[1::2] = [f"`{' '.join(code.split())}`\\ " for code in parts[1::2]]
    return LABELS.sub(r"\n\n**\1**", "".join(parts)).lstrip()


def process_docstring(app, what, path, thing, options, lines):
    text = "\n".join(find_docstring(path, lines)).strip()
    if not text:
        LOGGER.warning("%s has no docstring: say what it is, with shapes and what it raises", path)
    lines[:] = [*to_restructured_text(text).split("\n"), ""]


def process_signature(app, what, path, thing, options, signature, returned):
    """Return a class's own arguments, where autodoc finds those of Keras or traitlets.

    Leaves out type hints, as `autodoc_typehints: none` in `_config.yml` does elsewhere: a short
    signature is easier to read, and the docstring gives shapes and units.
    """
    if not (signature or "").startswith("(*args"):
        return None
    own = str(without_type_hints(inspect.signature(thing)))
    if own.startswith("(*args"):
        own = "(**traits)" if hasattr(thing, "class_traits") else "(**kwargs)"
    return own, None


def without_type_hints(signature):
    """Return a copy of an `inspect.Signature` without type hints."""
    empty = inspect.Signature.empty
    parameters = [one.replace(annotation=empty) for one in signature.parameters.values()]
    return signature.replace(parameters=parameters, return_annotation=empty)


def import_library():
    """Import every public name, on JAX, which prints nothing and claims no GPU."""
    with patch.dict(os.environ, KERAS_BACKEND="jax", JAX_PLATFORMS="cpu"):
        for name in resnet_lib.__all__:
            getattr(resnet_lib, name)


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-process-docstring", process_docstring)
    app.connect("autodoc-process-signature", process_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
