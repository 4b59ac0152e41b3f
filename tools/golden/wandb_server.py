"""A stand-in for the server of Weights & Biases on 127.0.0.1, as far as `wandb sync`, an online run and Bayu need one.

    python wandb_server.py PORT [FILE]     # FILE gets what the server has, as JSON, after each request

For each run: `config`, `history` (lines by their offset), `summary`, `uploaded`, `complete`, `exitcode`, and `refused`:
how many requests came without the key.
"""
import base64
import gzip
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "0123456789" * 4


class Server(ThreadingHTTPServer):
    def __init__(self, port=0, file=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.runs, self.files, self.refused, self.file, self.lock = {}, {}, 0, file, threading.Lock()

    def handle_error(self, request, address):
        pass  # a client that goes away

    def url(self):
        return "http://127.0.0.1:%d" % self.server_port

    def state(self):
        return {"runs": self.runs, "files": {name: len(data) for name, data in self.files.items()}, "refused": self.refused}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.server.file:
            with open(self.server.file, "w") as file:
                json.dump(self.server.state(), file, indent=1)

    def do_PUT(self):
        data = self.body()
        with self.server.lock:
            assert "Authorization" not in self.headers  # the address is signed
            self.server.files[self.path.removeprefix("/upload/")] = data
        self.answer({})

    def do_POST(self):
        body = self.body()
        with self.server.lock:
            if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"api:" + KEY.encode()).decode():
                self.server.refused += 1
                return self.answer({"error": "unauthorized"}, 401)
            if self.path == "/graphql":
                request = json.loads(body)
                return self.answer({"data": self.graphql(request["query"], request.get("variables") or {})})
            stream = re.fullmatch(r"/files/([^/]+)/([^/]+)/([^/]+)/file_stream", self.path)
            if not stream or stream[3] not in self.server.runs:
                return self.answer({}, 404)
            self.stream(self.server.runs[stream[3]], json.loads(body))
            self.answer({"exitcode": None, "limits": {}})

    def graphql(self, query, variables):
        runs = self.server.runs
        if "upsertBucket" in query:
            run = runs.setdefault(variables["name"], {"history": {}, "summary": None, "uploaded": []})
            for name in ("displayName", "groupName", "tags", "notes", "entity", "project"):
                if variables.get(name) is not None:
                    run[name] = variables[name]
            if variables.get("config"):
                run["config"] = json.loads(variables["config"])
            project = {
                "id": "UHJv",
                "name": run.get("project", "uncategorized"),
                "entity": {"id": "RW50", "name": run.get("entity", "someone")},
            }
            bucket = {
                "id": "UnVu",
                "name": variables["name"],
                "displayName": run.get("displayName", "brisk-1"),
                "description": None,
                "config": json.dumps(run.get("config")),
                "sweepName": None,
                "historyLineCount": len(run["history"]),
                "project": project,
            }
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if "createRunFiles" in query:
            files = [{"name": name, "uploadUrl": self.server.url() + "/upload/" + name} for name in variables["files"]]
            return {"createRunFiles": {"runID": "UnVu", "uploadHeaders": [], "files": files}}
        if "historyLineCount" in query:
            run = runs.get(variables["name"])
            return {"model": {"bucket": run and {"historyLineCount": len(run["history"])}}}
        if "viewer" in query:
            viewer = {"id": "VXNl", "entity": "someone", "username": "someone", "flags": "{}", "teams": {"edges": []}}
            return {"viewer": viewer}
        return {"serverInfo": {"features": []}}

    def stream(self, run, request):
        for name, lines in request.get("files", {}).items():
            if name == "wandb-history.jsonl":
                for number, line in enumerate(lines["content"]):
                    run["history"][lines["offset"] + number] = json.loads(line)
            elif name == "wandb-summary.json":
                run["summary"] = json.loads(lines["content"][-1])
        run["uploaded"] += request.get("uploaded", [])
        for name in ("complete", "exitcode"):
            if request.get(name) is not None:
                run[name] = request[name]


if __name__ == "__main__":
    Server(int(sys.argv[1]), *sys.argv[2:]).serve_forever()
