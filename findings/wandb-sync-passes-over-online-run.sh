#!/bin/sh
# wandb 0.30.0, CPython 3.11.
#
# `wandb sync wandb/run-<date>_<time>-<id>`, the very command that its help gives as the example, passes over that
# folder, because the run was begun in online mode: "No runs to sync", exit code 0. It sends such a folder only with
# --include-online, even if it is the only one and is named. A folder offline-run-… is sent.
#
# Whoever lost the network in an online run, and follows the help to send the rest, is told of no error and has sent
# nothing. A tool that prints the command for its users must add the flag for folders run-….
#
# Output seen:
#   help: $ wandb sync ./wandb/run-20170617_000000-abcd1234
#   named: exit code 0, 0 requests for the run: wandb: Skipped 1 online run(s). Include with --no-skip-online.
#   with --include-online: exit code 0, the run is sent
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip="$folder/venv/bin/pip install --quiet --disable-pip-version-check"
$pip click==8.5.0 packaging==26.3 platformdirs==4.12.2 protobuf==7.36.2 pydantic==2.13.5 PyYAML==6.0.3 \
  requests==2.34.2 typing_extensions==4.16.0 xxhash==4.0.1
$pip --no-deps wandb==0.30.0
cat > "$folder/telemetry.py" <<'PYTHON'
"""wandb imports opentelemetry, for reports on itself. Nothing of it is needed here."""
import importlib.machinery
import sys
from unittest.mock import MagicMock


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "opentelemetry":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__, module.__name__, module.__spec__ = [], spec.name, spec
        return module

    def exec_module(self, module):
        pass


sys.meta_path.append(Finder())
PYTHON
cat > "$folder/wandb_command.py" <<'PYTHON'
import telemetry
from wandb.cli.cli import cli

cli(prog_name="wandb")
PYTHON
cd "$folder"
PYTHONPATH="$folder" WANDB_ERROR_REPORTING=false NO_PROXY='*' no_proxy='*' "$folder/venv/bin/python" - <<'PYTHON'
import json
import os
import pathlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import telemetry

requests = []
PROJECT = {"id": "P", "name": "p", "entity": {"id": "E", "name": "e"}}
BUCKET = {"id": "B", "name": "abcd1234", "displayName": "d", "historyLineCount": 0, "project": PROJECT}
VIEWER = {"id": "V", "entity": "e", "username": "e", "flags": "{}", "teams": {"edges": []}}


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
        requests.append(self.path + body)
        data = {}
        if "upsertBucket" in body:
            data = {"upsertBucket": {"bucket": BUCKET, "inserted": True}}
        elif "createRunFiles" in body:
            data = {"createRunFiles": {"runID": "B", "uploadHeaders": [], "files": []}}
        elif "viewer" in body:
            data = {"viewer": VIEWER}
        elif "serverInfo" in body:
            data = {"serverInfo": {"features": []}}
        answer = json.dumps({"data": data} if self.path == "/graphql" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request, address):
        pass


server = Quiet(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["WANDB_BASE_URL"] = "http://127.0.0.1:%d" % server.server_port
os.environ["WANDB_API_KEY"] = "0123456789" * 4

import wandb

run = wandb.init(project="p", id="abcd1234", mode="online", settings=wandb.Settings(silent=True, console="off"))
run.log({"loss": 1})
run.finish()
wandb.teardown()
(folder,) = pathlib.Path("wandb").glob("run-*")


def command(*arguments):
    requests.clear()
    done = subprocess.run([sys.executable, "wandb_command.py", "sync", *arguments], capture_output=True, text=True)
    return done, sum("abcd1234" in each for each in requests)


help_text = command("--help")[0].stdout
example = next(line.strip() for line in help_text.splitlines() if "$ wandb sync ./wandb/run-" in line)
print("help:", example)
named, sent = command("./" + str(folder))
said = next(line for line in named.stderr.splitlines() if "Skipped" in line)
print("named: exit code %d, %d requests for the run: %s" % (named.returncode, sent, said))
assert named.returncode == 0 and sent == 0, "behaves otherwise now"
included, sent = command("--include-online", "./" + str(folder))
print("with --include-online: exit code %d, the run is %s" % (included.returncode, "sent" if sent else "not sent"))
assert included.returncode == 0 and sent > 0, "behaves otherwise now"
PYTHON
