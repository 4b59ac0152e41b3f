"""huggingface_hub and Bayu use one cache: each downloads from the stand-in and reads what the other fetched.

Needs huggingface_hub 1.x, and the class path of the module remote with its tests in BAYU_CLASSPATH.
Writes the listing of the cache that Python made, which HubCacheTest compares with Bayu's.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "remote/src/test/resources/org/bayu/remote/hub/python-cache.txt"
NAME = "org/tiny"
FILES = ["config.json", "tokenizer.json", "*.safetensors", "model.safetensors.index.json"]
JAVA = [os.environ.get("JAVA", "java"), "--enable-native-access=ALL-UNNAMED", "-cp", os.environ["BAYU_CLASSPATH"],
        "org.bayu.remote.standin.StandInMain"]


def python(url, cache, code):
    env = dict(os.environ, HF_ENDPOINT=url, HF_HUB_CACHE=str(cache), HF_HUB_DISABLE_PROGRESS_BARS="1",
               HF_HUB_DISABLE_TELEMETRY="1", NO_PROXY="*")
    return subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True).stdout.strip()


def bayu(url, cache, offline):
    env = dict(os.environ, HF_ENDPOINT=url, HF_HUB_CACHE=str(cache), HF_HUB_OFFLINE=offline, NO_PROXY="*")
    done = subprocess.run([*JAVA, "fetch", NAME], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def listing(cache):
    lines = []
    for path in sorted(cache.rglob("*")):
        name = path.relative_to(cache).as_posix()
        if path.is_symlink():
            lines.append(f"{name} -> {os.readlink(path)}")
        elif path.is_dir():
            lines.append(f"{name}/")
        elif name.startswith(".locks") or "/blobs/" in name:
            lines.append(f"{name} {path.stat().st_size} bytes")
        elif name.endswith(".json"):
            import json
            lines.append(f"{name} {json.dumps(json.loads(path.read_text()), sort_keys=True)}")
        else:
            lines.append(f"{name} {path.read_text()!r}")
    return lines


def upload(url, folder):
    """Python uploads to the stand-in, and reads what Bayu uploaded: both in parts, and both with a README."""
    files = Path(folder, "upload")
    files.mkdir()
    (files / "config.json").write_text("{}")
    (files / "README.md").write_text("---\nlibrary_name: peft\n---\n# A card\n")
    (files / "model.safetensors").write_bytes(bytes(range(256)) * 1000)
    token = dict(os.environ, HF_TOKEN="hf_standin", HF_HUB_DISABLE_XET="1", HF_ENDPOINT=url)
    os.environ.update(token)
    made = python(url, Path(folder, "none"), f"from huggingface_hub import HfApi\nh = HfApi()\n"
                  f"h.create_repo('me/python', exist_ok=True)\nprint(h.upload_folder(repo_id='me/python', folder_path='{files}').oid)")
    assert len(made) == 40, made
    done = subprocess.run([*JAVA, "upload", str(files), "me/bayu"], env=token, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("me/python", "me/bayu"):
        got = Path(python(url, Path(folder, "back"), f"from huggingface_hub import snapshot_download as s\nprint(s('{name}'))"))
        for file in files.iterdir():
            assert (got / file.name).read_bytes() == file.read_bytes(), (name, file.name)
    print("Python reads what Bayu uploaded, and the stand-in takes what Python uploads")


def main():
    server = subprocess.Popen([*JAVA, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            pythons, bayus = Path(folder, "python"), Path(folder, "bayu")
            get = f"from huggingface_hub import snapshot_download as s\nprint(s('{NAME}', allow_patterns={FILES}"
            made = python(url, pythons, get + "))")
            found = bayu("http://127.0.0.1:1", pythons, "1")
            assert Path(found) == Path(made), (found, made)
            print("Bayu reads the cache that Python made")

            made = bayu(url, bayus, "0")
            found = python("http://127.0.0.1:1", bayus, get + ", local_files_only=True))")
            assert Path(found) == Path(made), (found, made)
            print("Python reads the cache that Bayu made")
            scan = python(url, bayus, "from huggingface_hub import scan_cache_dir as s\ni = s()\nprint(len(i.repos), i.warnings)")
            assert scan == "1 []", scan
            assert listing(pythons) == listing(bayus), "\n".join(
                ["Python:", *listing(pythons), "Bayu:", *listing(bayus)])
            print("both caches are the same")

            upload(url, folder)

            from filelock import FileLock
            third = Path(folder, "locked")
            lock = next((bayus / ".locks").rglob("*.lock"))
            path = third / lock.relative_to(bayus)
            path.parent.mkdir(parents=True)
            with FileLock(path):
                waiting = threading.Thread(target=bayu, args=(url, third, "0"))
                waiting.start()
                time.sleep(4)
                assert waiting.is_alive(), "Bayu does not see Python's lock"
            waiting.join(60)
            assert not waiting.is_alive()
            print("Bayu waits for a lock that Python holds")
            FIXTURE.parent.mkdir(parents=True, exist_ok=True)
            FIXTURE.write_text("\n".join(listing(pythons)) + "\n")
    finally:
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
