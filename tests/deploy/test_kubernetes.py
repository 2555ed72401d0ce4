"""Check the values of the Kubernetes chart."""

import settings
import yaml
from traitlets.config.loader import PyFileConfigLoader

ROOT = settings.ROOT


KNOWN = {  # of the chart's own schema, which allows nothing else: values.schema.yaml
    "hub": "config loadRoles concurrentSpawnLimit activeServerLimit networkPolicy",
    "proxy": "https",
    "singleuser": "image cmd defaultUrl startTimeout allowPrivilegeEscalation memory cpu storage "
    "extraEnv cloudMetadata networkPolicy profileList",
    "cull": "enabled every timeout maxAge users",
    "prePuller": "hook continuous",
}


def test_the_charts_values_are_of_its_schema_and_let_nobody_in():
    values = yaml.safe_load((ROOT / "deploy/kubernetes/values.yaml").read_text())
    assert {name: {*section} for name, section in values.items()} == {
        name: {*words.split()} for name, words in KNOWN.items()
    }
    config = values["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] not in ("dummy", "native")
    assert config["Authenticator"] == {
        "allow_all": False,
        "allow_existing_users": False,
        "allowed_users": [],
    }
    assert "admin_access" not in config["JupyterHub"], "deprecated; an admin has all scopes anyway"
    assert "secret" not in config["GitHubOAuthenticator"]
    assert values["hub"]["concurrentSpawnLimit"] >= 30, "a room presses Start at the same time"
    learners = values["singleuser"]
    assert all(one["readOnly"] for one in learners["storage"]["extraVolumeMounts"])
    claim, job = yaml.safe_load_all((ROOT / "deploy/kubernetes/data.yaml").read_text())
    (volume,) = learners["storage"]["extraVolumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    (fetch,) = job["spec"]["template"]["spec"]["containers"]
    assert fetch["image"] == "{name}:{tag}".format(**learners["image"])


def test_a_room_turns_nobody_away_and_has_the_teacher_of_a_cluster(room, monkeypatch):
    monkeypatch.setenv("RESNET_ROOM", room.folder)
    loader = PyFileConfigLoader("jupyterhub_config.py", path=str(ROOT / "deploy"))
    hub = loader.load_config().JupyterHub
    assert hub.concurrent_spawn_limit == 0, "no limit; with a number, the next gets a 429"
    here = next(role for role in hub.load_roles if role["name"] == "teacher")
    values = yaml.safe_load((ROOT / "deploy/kubernetes/values.yaml").read_text())
    assert values["hub"]["loadRoles"] == {"teacher": {"scopes": here["scopes"], "users": []}}
    assert not any(scope.startswith(("access:", "admin:")) for scope in here["scopes"])
