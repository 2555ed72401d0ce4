"""The workflows on GitHub: what they may do, in which order, and that the deploy step works."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from notebooks.repository import BRANCH

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def workflow(name):
    found = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))
    found["on"] = found.pop(True)  # as YAML 1.1 reads that key
    (job,) = found["jobs"].values()
    return found, job


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_nobody_elses_code_and_may_do_little(path):
    found, job = workflow(path.stem)
    assert found["permissions"] == {"contents": "read"}
    for step in job["steps"]:
        used = step.get("uses", "actions/checkout@v4")
        assert re.match(r"actions/(checkout|setup-python)@v\d+$", used)
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
        for target in re.findall(r"^make ([\w-]+)$", step.get("run", ""), re.MULTILINE):
            assert target in TARGETS
    assert "${{" not in "".join(step.get("run", "") for step in job["steps"]), "use env: instead"
    assert job["env"]["BOOK_REPOSITORY_URL"] == "${{ github.server_url }}/${{ github.repository }}"


def test_tensorflow_for_gpus_is_of_the_version_that_was_tested():
    """It takes the place of tensorflow-cpu, and its other packages stay."""
    book, gpu = (
        set(re.findall(r"^tensorflow(?:-cpu)?==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-gpu.txt")
    )
    assert len(book) == 1
    assert gpu == book


def test_a_push_to_main_tests_then_builds_then_deploys():
    found, job = workflow("publish")
    assert found["on"] == {"push": {"branches": ["main"]}}
    assert found["concurrency"]["group"]
    assert job["permissions"] == {"contents": "write"}
    assert [step["name"] for step in job["steps"] if "run" in step] == ["Test", "Build", "Deploy"]
    token = [step for step in job["steps"] if "github.token" in str(step)]
    assert [step["name"] for step in token] == ["Deploy"]


def test_a_pull_request_is_tested_and_writes_nothing():
    found, job = workflow("test")
    assert list(found["on"]) == ["pull_request"]
    assert "permissions" not in job
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test"]
    assert "github.token" not in str(job)


def test_all_tests_run_once_a_week():
    found, job = workflow("all-tests")
    assert found["on"]["schedule"] == [{"cron": "17 3 * * 1"}]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test-all"]


def test_the_deploy_step_puts_the_site_and_its_notebooks_on_the_branch_of_the_links(tmp_path):
    """Twice, as a site that is already there is replaced, history and all."""
    _, job = workflow("publish")
    remote, site = tmp_path / "pages.git", tmp_path / "work" / "_build" / "html"
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    for folder in (site / "colab", site / "_static"):
        folder.mkdir(parents=True)
        (folder / ".gitignore").write_text("*")  # whatever lies in the site is published
    for version in ("first", "second"):
        (site / "colab" / "01_first.ipynb").write_text("{}")
        (site / "_static" / "book.css").write_text(version)
        environment = os.environ | {"PAGES": str(remote), "GITHUB_SHA": version}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull}
        script = ["bash", "-e", "-c", job["steps"][-1]["run"]]
        subprocess.run(script, cwd=tmp_path / "work", env=environment, check=True)

    def said(*words):
        return subprocess.check_output(["git", *words], cwd=remote, text=True).splitlines()

    files = {".nojekyll", "_static/book.css", "colab/01_first.ipynb"}
    assert files <= set(said("ls-tree", "-r", "--name-only", BRANCH))
    assert said("show", f"{BRANCH}:_static/book.css") == ["second"]
    assert said("log", "--format=%s", BRANCH) == ["The book of second"]
    assert said("branch", "--format=%(refname:short)") == [BRANCH]
