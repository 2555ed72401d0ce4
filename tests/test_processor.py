"""Priority and oneDNN, each in a fresh interpreter."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import wait_until

from resnet_lib import processor

CHAPTERS = sorted((Path(__file__).parents[1] / "book").glob("*.ipynb"))
has_autogroups = pytest.mark.skipif(
    not processor.AUTOGROUP_FILE.exists(), reason="the kernel has no autogroups"
)


def started(script, **environment):
    """A fresh interpreter."""
    clean = {name: value for name, value in os.environ.items() if name != processor.ONEDNN_VARIABLE}
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env=clean | {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@has_autogroups
def test_idle_lowers_both_priorities_and_leaves_the_session_alone():
    mine = processor.AUTOGROUP_FILE.read_text()
    idle = started(
        "import os, sys; from resnet_lib.processor import *; lower_priority();"
        "print(os.nice(0), AUTOGROUP_FILE.read_text(), flush=True); sys.exit(7)"
    )
    said, errors = idle.communicate()
    assert idle.returncode == 7, errors
    assert re.fullmatch(r"19 /autogroup-\d+ nice 19\s*", said)
    assert processor.AUTOGROUP_FILE.read_text() == mine


@has_autogroups
def test_what_idle_started_ends_with_the_process_that_the_user_sees(tmp_path):
    seen = started(
        "import os, signal; from pathlib import Path; from resnet_lib.processor import *;"
        f"lower_priority(); Path({str(tmp_path)!r}, str(os.getpid())).touch(); signal.pause()"
    )

    def inner_goes_on():
        return [path for path in tmp_path.glob("*") if Path("/proc", path.name).exists()]

    wait_until(inner_goes_on)
    (inner,) = tmp_path.glob("*")
    assert inner.name != str(seen.pid)
    seen.kill()
    seen.wait()
    wait_until(lambda: not inner_goes_on())


on_x86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="it is for x86-64 processors")


@on_x86
@pytest.mark.parametrize(("setting", "found"), [({}, "1"), ({processor.ONEDNN_VARIABLE: "0"}, "0")])
def test_the_setting_for_onednn(setting, found):
    script = f"import resnet_lib, os; print(os.environ[{processor.ONEDNN_VARIABLE!r}])"
    said, errors = started(script, **setting).communicate()
    assert said.strip() == found, errors


@on_x86
@pytest.mark.slow
def test_onednn_is_on_unless_the_user_turned_it_off_and_a_warning_says_that_it_is_too_late():
    """The last interpreter is in the state of one on AVX2, which has imported TensorFlow first."""
    ask = "import tensorflow; print(os.environ.get(ONEDNN_VARIABLE), is_onednn_enabled())"
    script = "import resnet_lib, os; from resnet_lib.processor import *;"
    late = (
        "import os; os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'; import tensorflow;"
        "del os.environ['TF_ENABLE_ONEDNN_OPTS'];"
    )
    elsewhere = "import platform; platform.machine = lambda: 'arm64';"
    interpreters = {
        "1 True": started(script + ask),
        "0 False": started(script + ask, TF_ENABLE_ONEDNN_OPTS="0"),
        "None": started(f"{elsewhere}{script}print(os.environ.get(ONEDNN_VARIABLE))"),
        "None False": started(late + script + ask),
    }
    for answer, interpreter in interpreters.items():
        said, errors = interpreter.communicate()
        assert said.strip() == answer, errors
    assert errors.count("TensorFlow was imported before resnet_lib and does not use oneDNN") == 1


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_chapters_import_resnet_lib_before_keras(chapter):
    """Keras imports TensorFlow, which reads the setting for oneDNN then."""
    cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    imported = re.findall(r"^\s*(?:import|from) (resnet_lib|keras|tensorflow)\b", code, re.M)
    assert imported[:1] == ["resnet_lib"]
