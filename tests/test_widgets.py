"""The widgets' Python half: traits, the HTML twin, the module as one source."""

import json
import re
import shutil
import subprocess
import sys
import types

import pytest
import traitlets

from resnet_lib import ArchitectureExplorer, widgets


def state_of(twin):
    script = re.search(r'<script type="application/json">(.*?)</script>', twin, re.DOTALL)[1]
    return json.loads(script)


def test_the_twin_stands_beside_the_live_view():
    data, _ = ArchitectureExplorer(version="v2", n=6)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    twin = data["text/html"]
    assert 'data-rl-module="architecture_explorer"' in twin
    assert state_of(twin) == {"version": "v2", "n": 6, "shortcut": "projection"}
    assert '<div class="rl-picture"><img alt="ResNet v2 of depth 56' in twin


def test_colab_gets_the_live_view_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    data, _ = ArchitectureExplorer()._repr_mimebundle_()
    assert "text/html" not in data
    assert "application/vnd.jupyter.widget-view+json" in data


def test_ipywidgets_7_finds_no_display_of_its_own():
    """It would call `_ipython_display_` and pass over the bundle with the twin."""
    assert ArchitectureExplorer._ipython_display_ is None


def test_no_state_can_end_its_script():
    class Named(ArchitectureExplorer):
        label = traitlets.Unicode("").tag(sync=True)

    twin = Named(label="</script><script>alert(1)</script>").twin()
    assert twin.count("</script>") == 1
    assert state_of(twin)["label"] == "</script><script>alert(1)</script>"


@pytest.mark.parametrize(
    "wrong", [{"version": "v3"}, {"n": 0}, {"n": 201}, {"n": "three"}, {"shortcut": "long"}]
)
def test_a_wrong_trait_is_refused(wrong):
    with pytest.raises(traitlets.TraitError, match=next(iter(wrong))):
        ArchitectureExplorer(**wrong)


def test_traits_follow_what_the_page_sends():
    explorer = ArchitectureExplorer()
    explorer.set_state({"version": "v2", "n": 18, "shortcut": "pad"})
    assert explorer.state() == {"version": "v2", "n": 18, "shortcut": "pad"}


@pytest.mark.parametrize("name", widgets.module_names())
def test_a_module_resolves_without_a_path(name, tmp_path):
    """From a blob no relative import resolves, so none may be left; and it must still parse."""
    source = widgets.module_source(name)
    assert not re.search(r"^\s*(import|export)\b.*\bfrom\b", source, re.MULTILINE)
    assert len(re.findall(r"^export default", source, re.MULTILINE)) == 1
    if shutil.which("node"):
        path = tmp_path / "module.mjs"
        path.write_text(source, encoding="utf-8")
        done = subprocess.run(["node", "--check", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_every_widget_has_its_module():
    classes = [one for one in vars(widgets).values() if isinstance(one, type)]
    named = {
        one._module for one in classes if issubclass(one, widgets.Widget) and "_module" in vars(one)
    }
    assert named == set(widgets.module_names())
