"""Lock the dependencies: a hashed file for development, one for each image, one to build them.

The files name no registry, so they serve everybody's. The images' files are constrained by the one
for development: what is tested is what is shipped.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

from tools.crd import REPOSITORY

PROJECTS = {"operator": "operator", "worker": "worker-image", "producer": "producer"}
OPTIONS = (
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-annotate",
    "--python-version=3.11",
    "--custom-compile-command=make lock",
)


def commands() -> Iterator[list[str]]:
    """The calls of uv, in the order in which they build on each other."""
    sources = [f"{folder}/pyproject.toml" for folder in PROJECTS.values()]
    yield ["--upgrade", *sources, "--group=dev", "--output-file=requirements/dev.txt"]
    same = "--constraints=requirements/dev.txt"
    for name, source in zip(PROJECTS, sources, strict=True):
        yield [same, source, f"--output-file=requirements/{name}.txt"]
    yield ["--upgrade", same, "--group=build", "--output-file=requirements/build.txt"]


def main() -> int:
    """Write the files, or stop at the first that cannot be resolved."""
    # uv must take a Python that is there: it would fetch one.
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    for words in commands():
        call = ["uv", "pip", "compile", *OPTIONS, *words]
        if subprocess.run(call, cwd=REPOSITORY, env=environment, check=False).returncode != 0:
            print(f"error: could not resolve {words[-1].split('=')[-1]}; uv's words are above")
            return 1
    print("wrote requirements/*.txt; run make test before you commit them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
