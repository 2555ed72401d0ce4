"""Act as the browser of a learner in a room: forms, cookies, XSRF tokens and a websocket."""

import contextlib
import json
import time
import uuid

import httpx
import websocket

TIMEOUT = 600  # seconds; thirty learners on two cores wait for each other


class LearnerError(Exception):
    """Says what a learner wanted to do and could not."""


class LearnerClient:
    """The browser of the learner `name` in the room at `url`, such as "http://127.0.0.1:8000"."""

    def __init__(self, url, name):
        self.url, self.name = url, name
        self.home = f"/user/{name}"
        self.web = httpx.Client(base_url=url, follow_redirects=True, timeout=TIMEOUT)
        self.kernel = self.socket = None

    def log_in(self, phrase):
        """Send the login form, and return whether the room accepts the pass phrase."""
        self.web.get("/hub/login").raise_for_status()
        form = {"username": self.name, "password": phrase, "_xsrf": self.find_xsrf_token("/hub/")}
        answer = self.web.post("/hub/login", data=form, follow_redirects=False)
        if answer.status_code not in (302, 401, 403):
            answer.raise_for_status()
        return answer.status_code == 302 and "/hub/login" not in answer.headers["location"]

    def start_server(self):
        """Start the learner's own server, and open JupyterLab on it."""
        deadline = time.monotonic() + TIMEOUT
        answer = self.web.get("/hub/spawn")
        while "/hub/" in answer.url.path and time.monotonic() < deadline:
            if answer.status_code >= 400:
                raise LearnerError(f"the server did not start: {answer.status_code} {answer.url}")
            time.sleep(0.5)
            answer = self.web.get(f"/hub/spawn-pending/{self.name}")
        answer = self.web.get(f"{self.home}/lab")
        if answer.status_code != 200 or not answer.url.path.startswith(self.home):
            raise LearnerError(f"no JupyterLab at {answer.url}: {answer.status_code}")

    def find_xsrf_token(self, path):
        """Return the XSRF token in the cookie of `path`."""
        for cookie in self.web.cookies.jar:
            if (cookie.name, cookie.path) == ("_xsrf", path):
                return cookie.value
        raise LearnerError(f"{self.url} has set no XSRF cookie for {path}")

    def call_server(self, method, path, content=None):
        """Send a request to `api/` on the learner's server, and return the JSON of its answer."""
        headers = {"X-XSRFToken": self.find_xsrf_token(f"{self.home}/")}
        address = f"{self.home}/api/{path}"
        answer = self.web.request(method, address, json=content, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def open_chapter(self, path):
        """Start a kernel for the notebook at `path` in the home, and return its code cells."""
        notebook = self.call_server("GET", f"contents/{path}?content=1")["content"]
        name = path.rpartition("/")[2]
        session = {"path": path, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        self.kernel = self.call_server("POST", "sessions", session)["kernel"]["id"]
        self.connect_kernel()
        return [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]

    def run_chapter(self, path):
        """Run all code cells of the notebook at `path`, from a new kernel."""
        for code in self.open_chapter(path):
            self.run_code(code)

    def connect_kernel(self):
        """Open the websocket to the kernel."""
        channels = f"{self.home}/api/kernels/{self.kernel}/channels"
        address = self.url.replace("http", "ws", 1) + channels
        cookies = self.web.build_request("GET", f"{self.home}/").headers["cookie"]
        try:
            self.socket = websocket.create_connection(
                address, cookie=cookies, origin=self.url, timeout=TIMEOUT
            )
        except (OSError, websocket.WebSocketException) as error:
            raise LearnerError(f"no connection to the kernel: {error}") from error

    def run_code(self, code):
        """Run `code` in the kernel and return what it prints.

        Raises `LearnerError` if the code ends with an error.
        """
        try:
            return self.collect_output(self.send_code(code))
        except (OSError, websocket.WebSocketException) as error:
            raise LearnerError(f"the connection to the kernel: {error}") from error

    def send_code(self, code):
        """Ask the kernel to run `code`, and return the identifier of the request."""
        identifier = uuid.uuid4().hex
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        header = {"msg_id": identifier, "msg_type": "execute_request", "version": "5.3"}
        header |= {"username": self.name, "session": identifier}
        message = {"channel": "shell", "header": header, "content": content}
        message |= {"parent_header": {}, "metadata": {}, "buffers": []}
        self.socket.send(json.dumps(message))
        return identifier

    def collect_output(self, identifier):
        """Return what the request prints, once the kernel has replied and is idle."""
        printed, error, received = "", None, set()
        while received != {"reply", "idle"}:
            frame = self.socket.recv()
            if isinstance(frame, bytes):  # a widget's picture
                continue
            message = json.loads(frame)
            if message["parent_header"].get("msg_id") != identifier:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream" and content["name"] == "stdout":
                printed += content["text"]
            elif kind == "execute_reply":
                received.add("reply")
                if content["status"] != "ok":  # "aborted" if the cell before it failed
                    error = f"{content.get('ename', 'aborted')}: {content.get('evalue', '')}"
            elif kind == "status" and content["execution_state"] == "idle":
                received.add("idle")
        if error:
            raise LearnerError(error)
        return printed

    def call_hub(self, method, path):
        """Send a request to `hub/api/` as the hub's own pages do, and return the answer."""
        headers = {"X-XSRFToken": self.find_xsrf_token("/hub/")}
        return self.web.request(method, f"/hub/api/{path}", headers=headers)

    def stop_server(self):
        """Stop the server as the hub's control panel does, and wait for its end."""
        deadline = time.monotonic() + TIMEOUT
        # 202 while the server stops, 204 after its end, 400 while it still starts.
        while self.call_hub("DELETE", f"users/{self.name}/server").status_code != 204:
            if time.monotonic() > deadline:
                raise LearnerError(f"the server of {self.name} does not stop")
            time.sleep(0.5)

    def close(self):
        """Close the browser; the server and the kernel continue."""
        with contextlib.suppress(OSError, websocket.WebSocketException):
            if self.socket:
                self.socket.close()
        self.web.close()
