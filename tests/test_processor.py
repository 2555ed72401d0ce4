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


@pytest.mark.skipif(not processor.AUTOGROUP.exists(), reason="the kernel has no autogroups")
def test_idle_lowers_both_priorities_and_leaves_the_session_alone():
    script = (
        "import os, sys; from resnet_lib.processor import *; lowest_priority();"
        "print(os.nice(0), AUTOGROUP.read_text(), flush=True); sys.exit(7)"
    )
    mine = processor.AUTOGROUP.read_text()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 7, done.stderr
    assert re.fullmatch(r"19 /autogroup-\d+ nice 19\s*", done.stdout)
    assert processor.AUTOGROUP.read_text() == mine


@pytest.mark.skipif(not processor.AUTOGROUP.exists(), reason="the kernel has no autogroups")
def test_what_idle_started_ends_with_the_process_that_the_user_sees(tmp_path):
    script = (
        "import os, time; from pathlib import Path; from resnet_lib.processor import *;"
        f"lowest_priority(); Path({str(tmp_path)!r}, str(os.getpid())).touch(); time.sleep(60)"
    )
    seen = subprocess.Popen([sys.executable, "-c", script])

    def inner_goes_on():
        return [path for path in tmp_path.glob("*") if Path("/proc", path.name).exists()]

    wait_until(inner_goes_on)
    (inner,) = tmp_path.glob("*")
    assert inner.name != str(seen.pid)
    seen.kill()
    seen.wait()
    wait_until(lambda: not inner_goes_on())


def onednn(before, **environment):
    """What a fresh interpreter says after `before; import resnet_lib`: the setting, and its use."""
    script = (
        f"{before}; import resnet_lib, os; from resnet_lib.processor import *; import tensorflow;"
        "print(os.environ.get(ONEDNN), tensorflow_uses_onednn())"
    )
    clean = {name: value for name, value in os.environ.items() if name != processor.ONEDNN}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=clean | {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split(), done.stderr


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="it is for x86-64 processors")
def test_onednn_is_on_unless_the_user_said_otherwise():
    assert onednn("pass")[0] == ["1", "True"]
    assert onednn("pass", TF_ENABLE_ONEDNN_OPTS="0")[0] == ["0", "False"]
    elsewhere = "import platform; platform.machine = lambda: 'arm64'"
    assert onednn(elsewhere)[0][0] == "None", "other processors keep TensorFlow's default"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="it is for x86-64 processors")
def test_tensorflow_imported_before_without_onednn_is_a_warning():
    """On AVX2 alone; the variable removed again gives the same state on any processor."""
    before = (
        "import os; os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'; import tensorflow;"
        "del os.environ['TF_ENABLE_ONEDNN_OPTS']"
    )
    answer, warned = onednn(before)
    assert answer == ["None", "False"]
    assert warned.count("TensorFlow was imported before resnet_lib and does not use oneDNN") == 1


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_chapters_import_resnet_lib_before_keras(chapter):
    """Keras imports TensorFlow, which reads the setting for oneDNN then."""
    cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    imported = re.findall(r"^\s*(?:import|from) (resnet_lib|keras|tensorflow)\b", code, re.M)
    assert imported[:1] == ["resnet_lib"]
