"""Configure the hub of a room with the settings that `room.py open` has saved.

JupyterHub's security pages ask for every choice that separates learners.
"""

import os
import platform
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

import processes
import settings

room = settings.load_room(os.environ["RESNET_ROOM"])
c = get_config()  # noqa: F821, JupyterHub defines it

# The proxy is a process of its own. The hub leaves proxy and servers running when it ends.
c.JupyterHub.bind_url = room.url
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{room.hub_port}"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{room.proxy_port}"
c.ConfigurableHTTPProxy.auth_token = room.read_secret("proxy_token")
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cleanup_proxy = False
c.JupyterHub.db_url = f"sqlite:///{room.private / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(room.private / "cookie_secret")
c.JupyterHub.pid_file = str(room.private / "hub.pid")
if room.subdomain_host:
    c.JupyterHub.subdomain_host = room.subdomain_host

# Only members of the room's group may log in, with the pass phrase of their account. All other
# users of this machine are refused, root too.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {room.group}
c.Authenticator.allow_all = False
c.Authenticator.allow_existing_users = False

# A server runs as the learner, with the room's Python and without the learner's configuration.
c.Spawner.cmd = [
    *(sys.executable, "-I", str(Path(__file__).with_name("learner_server.py"))),
    str(settings.NOTEBOOKS),
]
c.Spawner.args = ["--KernelManager.transport=ipc"]  # else other users could reach the sockets
c.Spawner.disable_user_config = True
c.Spawner.env_keep = ["LANG", "LC_ALL"]
c.Spawner.environment = {
    "PATH": f"{settings.VENV / 'bin'}:/usr/local/bin:/usr/bin:/bin",
    "JUPYTER_CONFIG_PATH": str(Path(__file__).with_name("lab")),  # no question about news
    "PYTHONDONTWRITEBYTECODE": "1",  # a learner cannot write to the library's folder
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # else the first learner takes all memory of a GPU
}
if platform.machine() == "x86_64":  # for a notebook that imports TensorFlow before resnet_lib
    c.Spawner.environment["TF_ENABLE_ONEDNN_OPTS"] = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1")
if (room.data / "cifar10").is_dir():
    c.Spawner.environment["RESNET_LIB_CACHE"] = str(room.data)
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab/tree/book"
c.Spawner.start_timeout = 300  # seconds; thirty at once on a few cores are slow
c.Spawner.http_timeout = 300
c.JupyterHub.concurrent_spawn_limit = 0  # no limit: one more learner would read an error
if room.memory or room.cores:
    c.JupyterHub.spawner_class = "systemd"
    c.Spawner.mem_limit = room.memory or None
    c.Spawner.cpu_limit = room.cores or None
    c.SystemdSpawner.disable_user_sudo = True
    c.SystemdSpawner.isolate_tmp = True

# The teacher sees who is there and starts and stops servers, but cannot read a learner's files. The
# culler stops servers that are idle for hours.
c.JupyterHub.load_roles = [
    {
        "name": "teacher",
        "scopes": ["admin-ui", "list:users", "read:users:activity", "servers"],
        "users": [room.teacher],
    },
    {
        "name": "culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["culler"],
    },
]
c.JupyterHub.services = [
    {
        "name": "culler",
        "command": [
            *(sys.executable, "-m", processes.CULLER),
            f"--timeout={int(room.idle_hours * 3600)}",
        ],
    }
]
