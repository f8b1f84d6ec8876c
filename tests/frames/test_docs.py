"""docs/library.md: its examples with other libraries run as they are."""

from pathlib import Path

import pytest

from tests.fake_index import FakeIndex, World
from tests.test_library_docs import EXAMPLES, LIBRARIES, add_projects, run_example

pytestmark = pytest.mark.frames


@pytest.mark.parametrize("section", [name for name, code in EXAMPLES.items() if LIBRARIES.search(code)])
def test_example(section: str, world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """The example runs, prints something, and requests each project at most once."""
    add_projects(world)
    assert run_example(EXAMPLES[section], fake, tmp_path)
