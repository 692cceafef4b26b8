"""Runs a suite of another language's client against a NATS server: `run.py SERVER COMMAND...`.

SERVER is a path of `wash` or of `nats-server`. The suite finds its servers, one for each way to log in, as JSON in
PEERS. It writes what it has checked, a line each; on the line `restart` its first server is stopped and started again on
the same port, and `done` is written back. Ends as the suite ends.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

PATIENCE = 60
# Made for this suite; opens nothing else.
SEED = "SUAMRJ4RZALZDBDUBKCSK7O2D7AZ4F2PJIBMSZEERALFARVGNMGCTVWRFA"
PUBLIC = "UAJFOV2IEIW74FXXEVI7MM5CLDHIVGJ5BMQLAZQA6B5A65HIZZBJO22P"
LOGINS = {
    "open": {},
    "token": {"token": "t0ken"},
    "user": {"user": "u", "password": "pa55word"},
    "nkey": {"nkey": PUBLIC},
}


class Server:
    """One server, with streams in a folder of its own."""

    def __init__(self, program, folder, login):
        self.program, self.folder, self.login = program, folder, login
        folder.mkdir()
        self.log = open(folder / "log", "w")
        self.url, self.port = None, 0
        self.start()

    def start(self):
        start = self.start_wash if "wash" in self.program.name else self.start_nats
        self.url = start()
        self.port = int(self.url.rsplit(":", 1)[1])

    def start_wash(self):
        options = [f"--{name}={value}" for name, value in self.login.items()]
        command = [self.program, "nats", "serve", "--output=json", f"--port={self.port}", f"--dir={self.folder}/js"]
        sealed = {**os.environ, "WASH_HOME": str(self.folder / "home")}
        self.child = subprocess.Popen(
            [*command, "--js-domain=core", *options], stdout=subprocess.PIPE, stderr=self.log, text=True, env=sealed
        )
        said = ""
        for line in self.child.stdout:
            said += line
            if line == "}\n":
                return json.loads(said)["url"]
        raise SystemExit(f"{self.program} does not start")

    def start_nats(self):
        names = {"token": "token", "user": "user", "password": "password"}
        access = {names[name]: value for name, value in self.login.items() if name in names}
        if nkey := self.login.get("nkey"):
            access = {"users": [{"nkey": nkey}]}
        config = {"listen": f"127.0.0.1:{self.port or -1}", "ports_file_dir": str(self.folder)}
        config["jetstream"] = {"store_dir": str(self.folder / "js"), "domain": "core"}
        if access:
            config["authorization"] = access
        (self.folder / "conf").write_text(json.dumps(config))
        self.child = subprocess.Popen([self.program, "-c", self.folder / "conf"], stderr=self.log)
        ports = self.folder / f"{self.program.name}_{self.child.pid}.ports"
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.child.poll() is None:
            try:
                return json.loads(ports.read_text())["nats"][0]
            except (OSError, ValueError):
                time.sleep(0.01)
        raise SystemExit(f"{self.program} does not start")

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def run(program, command, folder):
    servers = {}
    try:
        for name, login in LOGINS.items():
            servers[name] = Server(program, folder / name, login)
        told = {name: {"url": it.url, **it.login} for name, it in servers.items()}
        told["nkey"]["seed"] = SEED
        pipe = subprocess.PIPE
        environment = {**os.environ, "PEERS": json.dumps(told)}
        suite = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        for line in suite.stdout:
            if line != "restart\n":
                print(line, end="", flush=True)
                continue
            servers["open"].stop()
            servers["open"].start()
            suite.stdin.write("done\n")
            suite.stdin.flush()
        return suite.wait()
    finally:
        for it in servers.values():
            it.stop()


def main():
    program, *command = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        code = run(pathlib.Path(program).absolute(), command, folder)
        if code:
            print(*(log.read_text() for log in folder.glob("*/log")), file=sys.stderr)
        return code


if __name__ == "__main__":
    sys.exit(main())
