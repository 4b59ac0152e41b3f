"""Import before wandb: stands in for the parts of opentelemetry that wandb 0.30 imports, which may be missing.

    python wandb_stub.py sync FOLDER       # the command `wandb`
"""
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from unittest.mock import MagicMock


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "opentelemetry":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__, module.__name__, module.__spec__ = [], spec.name, spec
        return module

    def exec_module(self, module):
        pass


if not importlib.util.find_spec("opentelemetry"):
    sys.meta_path.append(Finder())

if __name__ == "__main__":
    from wandb.cli.cli import cli

    cli(prog_name="wandb")
