"""Runs a notebook's cells in one namespace, as a kernel does, and keeps what they print and return.

It needs no kernel: the notebook has Python only, without magic commands.
"""

import ast
import io
import json
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

#: What a reader writes, and what the test adds to it.
CONTACT = 'contact="me@example.com"'


def run(text: str, folder: Path, index: str) -> str:
    """A notebook with the outputs of its cells, run in a folder against an index."""
    content = json.loads(text)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with chdir(folder), _variables(SOURCE_PYPI_INDEX_URL=index, SOURCE_PYPI_REQUESTS_PER_SECOND="0"):
        for cell in content["cells"]:
            if cell["cell_type"] == "code":
                code = "".join(cell["source"])
                code = code.replace(CONTACT, f'{CONTACT}, index_url="{index}", requests_per_second=0')
                cell["outputs"] = list(_outputs(code, namespace))
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _outputs(code: str, namespace: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a cell prints, and the value of its last line, if that is an expression."""
    tree = ast.parse(code)
    last = tree.body[-1] if isinstance(tree.body[-1], ast.Expr) else None
    value = None
    with redirect_stdout(io.StringIO()) as printed:
        body = tree.body if last is None else tree.body[:-1]
        exec(compile(ast.Module(body, []), "<cell>", "exec"), namespace)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    if printed.getvalue():
        yield {"name": "stdout", "output_type": "stream", "text": printed.getvalue().splitlines(keepends=True)}
    if value is not None:
        shown = {"text/plain": repr(value).splitlines(keepends=True)}
        yield {"data": shown, "execution_count": None, "metadata": {}, "output_type": "execute_result"}


@contextmanager
def _variables(**values: str) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
