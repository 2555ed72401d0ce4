"""A learner in a room, as their browser speaks: forms, cookies, XSRF tokens and a websocket."""

import contextlib
import json
import time
import uuid

import httpx
import websocket

PATIENCE = 600  # seconds; thirty learners on two cores wait for each other


class VisitError(Exception):
    """The room did not do what a learner asked of it."""


class Visitor:
    """One browser at `url`, such as "http://127.0.0.1:8000", of the learner `name`."""

    def __init__(self, url, name):
        self.url, self.name = url, name
        self.home = f"/user/{name}"
        self.web = httpx.Client(base_url=url, follow_redirects=True, timeout=PATIENCE)
        self.kernel = self.socket = None

    def log_in(self, phrase):
        """Whether the room lets this learner in."""
        self.web.get("/hub/login").raise_for_status()
        form = {"username": self.name, "password": phrase, "_xsrf": self.xsrf("/hub/")}
        answer = self.web.post("/hub/login", data=form, follow_redirects=False)
        if answer.status_code not in (302, 401, 403):
            answer.raise_for_status()
        return answer.status_code == 302 and "/hub/login" not in answer.headers["location"]

    def start_server(self):
        """Wait for the learner's own server, and open JupyterLab on it."""
        deadline = time.monotonic() + PATIENCE
        answer = self.web.get("/hub/spawn")
        while "/hub/" in answer.url.path and time.monotonic() < deadline:
            if answer.status_code >= 400:
                raise VisitError(f"the server did not start: {answer.status_code} {answer.url}")
            time.sleep(0.5)
            answer = self.web.get(f"/hub/spawn-pending/{self.name}")
        answer = self.web.get(f"{self.home}/lab")
        if answer.status_code != 200 or not answer.url.path.startswith(self.home):
            raise VisitError(f"no JupyterLab at {answer.url}: {answer.status_code}")

    def xsrf(self, path):
        """The XSRF token whose cookie belongs to `path`."""
        for cookie in self.web.cookies.jar:
            if (cookie.name, cookie.path) == ("_xsrf", path):
                return cookie.value
        raise VisitError(f"{self.url} has given no XSRF cookie for {path}")

    def ask(self, method, path, content=None):
        """The learner's server's answer under `api/`, as JSON; raises where it refuses."""
        headers = {"X-XSRFToken": self.xsrf(f"{self.home}/")}
        address = f"{self.home}/api/{path}"
        answer = self.web.request(method, address, json=content, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def open_chapter(self, path):
        """Start a kernel for the notebook at `path` in the home; returns its code cells."""
        notebook = self.ask("GET", f"contents/{path}?content=1")["content"]
        name = path.rpartition("/")[2]
        wish = {"path": path, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        self.kernel = self.ask("POST", "sessions", wish)["kernel"]["id"]
        self.connect()
        return [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]

    def run_chapter(self, path):
        """Run all code cells of the notebook at `path`, from a new kernel."""
        for code in self.open_chapter(path):
            self.run(code)

    def connect(self):
        channels = f"{self.home}/api/kernels/{self.kernel}/channels"
        address = self.url.replace("http", "ws", 1) + channels
        cookies = self.web.build_request("GET", f"{self.home}/").headers["cookie"]
        try:
            self.socket = websocket.create_connection(
                address, cookie=cookies, origin=self.url, timeout=PATIENCE
            )
        except (OSError, websocket.WebSocketException) as problem:
            raise VisitError(f"no connection to the kernel: {problem}") from problem

    def run(self, code):
        """What `code` prints in the kernel; raises `VisitError` with the error it ends in."""
        try:
            return self.execute(code)
        except (OSError, websocket.WebSocketException) as problem:
            raise VisitError(f"the connection to the kernel: {problem}") from problem

    def execute(self, code):
        asked = uuid.uuid4().hex
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        header = {"msg_id": asked, "msg_type": "execute_request", "version": "5.3"}
        header |= {"username": self.name, "session": asked}
        message = {"channel": "shell", "header": header, "content": content}
        message |= {"parent_header": {}, "metadata": {}, "buffers": []}
        self.socket.send(json.dumps(message))
        printed, problem, ended = "", None, set()
        while ended != {"reply", "idle"}:
            frame = self.socket.recv()
            if isinstance(frame, bytes):  # a widget's picture
                continue
            heard = json.loads(frame)
            if heard["parent_header"].get("msg_id") != asked:
                continue
            kind, content = heard["msg_type"], heard["content"]
            if kind == "stream" and content["name"] == "stdout":
                printed += content["text"]
            elif kind == "execute_reply":
                ended.add("reply")
                if content["status"] != "ok":  # "aborted" where the cell before it failed
                    problem = f"{content.get('ename', 'aborted')}: {content.get('evalue', '')}"
            elif kind == "status" and content["execution_state"] == "idle":
                ended.add("idle")
        if problem:
            raise VisitError(problem)
        return printed

    def ask_hub(self, method, path):
        """The hub's answer under `hub/api/`, as its own pages ask for it."""
        headers = {"X-XSRFToken": self.xsrf("/hub/")}
        return self.web.request(method, f"/hub/api/{path}", headers=headers)

    def stop_server(self):
        """As the hub's control panel does; waits for the end."""
        deadline = time.monotonic() + PATIENCE
        # 202: it is on its way; 204: it is done. 400 while it still starts.
        while self.ask_hub("DELETE", f"users/{self.name}/server").status_code != 204:
            if time.monotonic() > deadline:
                raise VisitError(f"the server of {self.name} does not stop")
            time.sleep(0.5)

    def leave(self):
        """Close the browser; the server and the kernel go on."""
        with contextlib.suppress(OSError, websocket.WebSocketException):
            if self.socket:
                self.socket.close()
        self.web.close()
