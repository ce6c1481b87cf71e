"""A small Hub on loopback: what the real clients of huggingface_hub and datasets ask for, after its HTTP API.

Repositories of data sets with commits, branches and pull requests; the large-file storage (batch, upload, verify); and
faults, which a test orders by path.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

TOKEN, OTHER = "hf_right", "hf_other"  # ours, and that of somebody who may read and open pull requests alone
LARGE = (".parquet", ".arrow")  # what .gitattributes of a data set of the Hub sends to the large storage
LICENSES = {"mit", "apache-2.0", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "other", "unknown"}


@dataclass
class Repo:
    """A data set: files of every commit, and which commit each branch and pull request is at."""

    private: bool
    commits: dict[str, dict[str, str]] = field(default_factory=dict)  # commit -> path -> sha256 of the content
    messages: list[str] = field(default_factory=list)
    refs: dict[str, str] = field(default_factory=dict)
    pulls: int = 0

    def commit(self, ref: str, files: dict[str, str], message: str) -> str:
        text = json.dumps([len(self.commits), sorted(files.items()), message])
        sha = hashlib.sha1(text.encode()).hexdigest()
        self.commits[sha], self.refs[ref] = dict(files), sha
        self.messages.append(message)
        return sha

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.refs.get(revision)


@dataclass
class Fault:
    """What happens instead of an answer to requests whose method and path match, so many times."""

    pattern: str
    status: int | None  # None: the connection is cut
    times: int = 10**6


class Hub:
    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.lock = threading.RLock()
        self.url = ""

    def fail(self, pattern: str, status: int | None, times: int = 10**6) -> None:
        self.faults.append(Fault(pattern, status, times))

    def keep(self, content: bytes) -> str:
        sha = hashlib.sha256(content).hexdigest()
        self.blobs[sha] = content
        return sha

    def files(self, repo: str, revision: str = "main") -> dict[str, bytes]:
        """Files of a data set by path."""
        found = self.repos[repo]
        return {path: self.blobs[sha] for path, sha in found.commits[found.resolve(revision)].items()}

    def put(self, repo: str, files: dict[str, bytes | str], private: bool = False, branch: str = "main") -> str:
        """Commit files as somebody else would, and return the commit."""
        found = self.repos.setdefault(repo, Repo(private))
        before = found.commits.get(found.refs.get(branch, ""), {})
        added = {path: self.keep(c.encode() if isinstance(c, str) else c) for path, c in files.items()}
        return found.commit(branch, {**before, **added}, "by somebody else")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_GET

    def _serve(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        path = unquote(url.path)
        line = f"{self.command} {path}"
        with self.hub.lock:
            self.hub.requests.append(line)
            fault = next((f for f in self.hub.faults if f.times > 0 and re.search(f.pattern, line)), None)
            if fault is not None:
                fault.times -= 1
        if fault is not None and fault.status is None:
            self.rfile.read(min(length, 100))
            self.close_connection = True
            self.connection.shutdown(2)
            return
        body = self.rfile.read(length)
        if fault is not None:
            self._json({"error": "ordered by the test"}, fault.status)
            return
        for method, pattern, answer in ROUTES:
            matched = re.fullmatch(pattern, path)
            if self.command in method and matched:
                with self.hub.lock:
                    answer(self, parse_qs(url.query), body, **matched.groupdict())
                return
        self._json({"error": f"no such address: {line}"}, 404)

    # Who asks.

    @property
    def token(self) -> str | None:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None

    def _repo(self, repo: str, write: bool = False) -> Repo | None:
        """A data set that the token opens, or None after an answer that says why not."""
        if self.token not in (None, TOKEN, OTHER):
            self._json({"error": "Invalid credentials in Authorization header"}, 401)
            return None
        found = self.hub.repos.get(repo)
        if found is None or (found.private and self.token != TOKEN):
            status = 404 if self.token else 401
            self._json({"error": "Repository not found"}, status, {"X-Error-Code": "RepoNotFound"})
            return None
        if write and self.token != TOKEN:
            self._json({"error": "You don't have the rights to write"}, 403)
            return None
        return found

    def _commit(self, found: Repo, revision: str) -> str | None:
        sha = found.resolve(revision)
        if sha is None:
            self._json({"error": f"Invalid rev id: {revision}"}, 404, {"X-Error-Code": "RevisionNotFound"})
        return sha

    # Answers.

    def whoami(self, query, body) -> None:
        known = {TOKEN: ("me", "write"), OTHER: ("you", "read")}
        if self.token in known:
            name, role = known[self.token]
            self._json({"type": "user", "name": name, "orgs": [], "auth": {"accessToken": {"role": role}}})
        else:
            self._json({"error": "Invalid user token."}, 401)

    def validate(self, query, body) -> None:
        """The checks of a data set's YAML that are documented: kinds of values, names of licences and sizes."""
        errors = [{"message": message} for message in problems(json.loads(body)["content"])]
        self._json({"errors": errors, "warnings": []}, 400 if errors else 200)

    def create(self, query, body) -> None:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else f"me/{asked['name']}"
        if self.token != TOKEN:
            self._json({"error": "Invalid credentials"}, 401)
            return
        if name in self.hub.repos:
            self._json({"error": "exists", "url": f"{self.hub.url}/datasets/{name}"}, 409)
            return
        private = asked.get("private", asked.get("visibility") == "private")
        self.hub.repos[name] = Repo(bool(private))
        attributes = self.hub.keep(b"*.parquet filter=lfs diff=lfs merge=lfs -text\n")
        self.hub.repos[name].commit("main", {".gitattributes": attributes}, "initial commit")
        self._json({"url": f"{self.hub.url}/datasets/{name}", "id": name, "name": name})

    def info(self, query, body, repo, revision="main") -> None:
        found = self._repo(repo)
        sha = found and self._commit(found, revision)
        if sha:
            siblings = [{"rfilename": path} for path in sorted(found.commits[sha])]
            self._json({"id": repo, "sha": sha, "private": found.private, "gated": False, "disabled": False,
                        "tags": [], "downloads": 0, "likes": 0, "siblings": siblings})  # fmt: skip

    def refs(self, query, body, repo) -> None:
        found = self._repo(repo)
        if found:
            branches = [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": sha} for n, sha in found.refs.items()]
            self._json({"branches": branches, "tags": [], "converts": []})

    def branch(self, query, body, repo, branch) -> None:
        found = self._repo(repo, write=True)
        if not found:
            return
        if branch in found.refs:
            self._json({"error": "exists"}, 409)
            return
        found.refs[branch] = found.resolve((json.loads(body or b"{}")).get("startingPoint") or "main")
        self._json({})

    def tree(self, query, body, repo, revision, under="") -> None:
        found = self._repo(repo)
        sha = found and self._commit(found, revision)
        if not sha:
            return
        under = (under or "").strip("/")
        files = {p: b for p, b in found.commits[sha].items() if not under or p == under or p.startswith(f"{under}/")}
        deep = query.get("recursive", ["false"])[0].lower() == "true"
        entries, folders = [], set()
        for path, blob in sorted(files.items()):
            inner = path[len(under) :].strip("/")
            parents = inner.split("/")[:-1]
            for depth in range(1, (len(parents) if deep else min(1, len(parents))) + 1):
                folders.add("/".join(filter(None, [under, *parents[:depth]])))
            if deep or not parents:
                entries.append(self._entry(path, blob))
        if not files and under:
            self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        named = [{"type": "directory", "path": f, "oid": hashlib.sha1(f.encode()).hexdigest(), "size": 0}
                 for f in sorted(folders)]  # fmt: skip
        self._json(named + entries)

    def paths(self, query, body, repo, revision) -> None:
        found = self._repo(repo)
        sha = found and self._commit(found, revision)
        if not sha:
            return
        asked = parse_qs(body.decode()) if not body.startswith(b"{") else json.loads(body)
        asked = asked["paths"] if isinstance(asked["paths"], list) else [asked["paths"]]
        files = found.commits[sha]
        entries = [self._entry(path, files[path]) for path in asked if path in files]
        folders = [path for path in asked if any(name.startswith(f"{path.strip('/')}/") for name in files)]
        named = [{"type": "directory", "path": f, "oid": hashlib.sha1(f.encode()).hexdigest(), "size": 0}
                 for f in folders if f not in files]  # fmt: skip
        self._json(named + entries)

    def _entry(self, path: str, blob: str) -> dict:
        content = self.hub.blobs[blob]
        entry = {"type": "file", "path": path, "size": len(content), "oid": git_oid(content)}
        if path.endswith(LARGE):
            entry["lfs"] = {"oid": blob, "size": len(content), "pointerSize": 130}
        return entry

    def preupload(self, query, body, repo, revision) -> None:
        found = self._repo(repo, write=not opens_pull(query))
        sha = found and self._commit(found, revision)
        if not sha:
            return
        there = found.commits[sha]
        files = []
        for asked in json.loads(body)["files"]:
            path = asked["path"]
            oid = None
            if path in there:
                oid = there[path] if path.endswith(LARGE) else git_oid(self.hub.blobs[there[path]])
            mode = "lfs" if path.endswith(LARGE) else "regular"
            files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self._json({"files": files})

    def batch(self, query, body, repo) -> None:
        if not self._repo(repo):
            return
        objects = []
        for asked in json.loads(body)["objects"]:
            oid = asked["oid"]
            actions = {
                "upload": {"href": f"{self.hub.url}/storage/{oid}"},
                "verify": {"href": f"{self.hub.url}/datasets/{repo}.git/info/lfs/verify"},
            }
            objects.append({**asked, **({} if oid in self.hub.blobs else {"actions": actions})})
        self._json({"transfer": "basic", "objects": objects})

    def upload(self, query, body, oid) -> None:
        if hashlib.sha256(body).hexdigest() != oid:
            self._json({"error": "the content is another"}, 400)
            return
        self.hub.keep(body)
        self._json({})

    def verify(self, query, body, repo) -> None:
        self._json({}, 200 if json.loads(body)["oid"] in self.hub.blobs else 404)

    def commit(self, query, body, repo, revision) -> None:
        found = self._repo(repo, write=not opens_pull(query))
        sha = found and self._commit(found, revision)
        if not sha:
            return
        lines = [json.loads(line) for line in body.splitlines()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        if header.get("parentCommit") not in (None, sha):
            self._json({"error": "A commit has happened since. Please refresh and try again."}, 412)
            return
        files = dict(found.commits[sha])
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = self.hub.keep(base64.b64decode(value["content"]))
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.hub.blobs:
                    self._json({"error": f"{value['path']} was not uploaded"}, 400)
                    return
                files[value["path"]] = value["oid"]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        ref = revision
        answer = {}
        if opens_pull(query):
            found.pulls += 1
            ref = f"refs/pr/{found.pulls}"
            answer = {"pullRequestUrl": f"{self.hub.url}/datasets/{repo}/discussions/{found.pulls}"}
        oid = found.commit(ref, files, header["summary"])
        answer |= {"success": True, "commitOid": oid, "commitUrl": f"{self.hub.url}/datasets/{repo}/commit/{oid}"}
        self._json(answer)

    def resolve(self, query, body, repo, revision, file) -> None:
        found = self._repo(repo)
        sha = found and self._commit(found, revision)
        if not sha:
            return
        blob = found.commits[sha].get(file)
        if blob is None:
            self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": sha})
            return
        content = self.hub.blobs[blob]
        etag = blob if file.endswith(LARGE) else git_oid(content)
        headers = {"X-Repo-Commit": sha, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        status = 200
        if asked:
            start, end = int(asked[1]), int(asked[2] or len(content) - 1)
            headers["Content-Range"] = f"bytes {start}-{min(end, len(content) - 1)}/{len(content)}"
            content, status = content[start : end + 1], 206
        self._send(status, content, {"Content-Type": "application/octet-stream", **headers})

    def _json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        said = {"X-Error-Message": value["error"]} if isinstance(value, dict) and "error" in value else {}
        content = json.dumps(value).encode()
        self._send(status, content, {"Content-Type": "application/json", **said, **(headers or {})})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


REPO, REV = r"(?P<repo>[\w.-]+/[\w.-]+)", r"(?P<revision>refs/pr/\d+|[^/]+)"
ROUTES = [
    (("GET",), "/api/whoami-v2", Handler.whoami),
    (("POST",), "/api/validate-yaml", Handler.validate),
    (("POST",), "/api/repos/create", Handler.create),
    (("GET",), f"/api/datasets/{REPO}", Handler.info),
    (("GET",), f"/api/datasets/{REPO}/revision/{REV}", Handler.info),
    (("GET",), f"/api/datasets/{REPO}/refs", Handler.refs),
    (("POST",), f"/api/datasets/{REPO}/branch/(?P<branch>.+)", Handler.branch),
    (("GET",), f"/api/datasets/{REPO}/tree/{REV}(?P<under>/.*)?", Handler.tree),
    (("POST",), f"/api/datasets/{REPO}/paths-info/{REV}", Handler.paths),
    (("POST",), f"/api/datasets/{REPO}/preupload/{REV}", Handler.preupload),
    (("POST",), f"/datasets/{REPO}[.]git/info/lfs/objects/batch", Handler.batch),
    (("POST",), f"/datasets/{REPO}[.]git/info/lfs/verify", Handler.verify),
    (("PUT",), "/storage/(?P<oid>[0-9a-f]+)", Handler.upload),
    (("POST",), f"/api/datasets/{REPO}/commit/{REV}", Handler.commit),
    (("GET", "HEAD"), f"/datasets/{REPO}/resolve/{REV}/(?P<file>.+)", Handler.resolve),
]


def opens_pull(query: dict[str, list[str]]) -> bool:
    """Whether a request is for a pull request, which everybody may open who may read."""
    return query.get("create_pr", ["0"])[0] == "1"


def git_oid(content: bytes) -> str:
    """Name of a blob in git."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def problems(card: str) -> list[str]:
    """What is wrong with the YAML of a card, by the documentation of the Hub ("Dataset Cards")."""
    block = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    try:
        data = yaml.safe_load(block[1]) if block else {}
    except yaml.YAMLError as error:
        return [str(error).splitlines()[0]]
    found = []
    for key in ("tags", "task_categories", "size_categories", "source_datasets"):
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            found.append(f'"{key}" must be an array of strings')
    for license_name in [data["license"]] if isinstance(data.get("license"), str) else data.get("license", []):
        if license_name not in LICENSES:
            found.append(f'"license" must be one of {sorted(LICENSES)}')
    if not isinstance(data.get("pretty_name", ""), str):
        found.append('"pretty_name" must be a string')
    names = []
    for config in data.get("configs", []):
        names.append(config.get("config_name"))
        files = config.get("data_files", [])
        if not isinstance(config.get("config_name"), str) or not all({"split", "path"} <= set(f) for f in files):
            found.append('"configs" must name configurations, and for each split its files')
    if len(set(names)) < len(names) or sum(bool(c.get("default")) for c in data.get("configs", [])) > 1:
        found.append('"configs" must have different names, and one default at most')
    return found


@contextmanager
def serving():
    """A hub that listens on loopback."""
    hub = Hub()
    handler = type("Bound", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
