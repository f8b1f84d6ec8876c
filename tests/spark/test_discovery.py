"""The module ``pyspark_pypi``, which Spark imports when it looks for data sources."""

import subprocess
import sys

#: Makes pyspark unavailable, also where it is installed.
_WITHOUT = (
    "import sys; sys.modules['pyspark'] = None; import pyspark_pypi; print(hasattr(pyspark_pypi, 'DefaultSource'))"
)


def test_import_without_pyspark() -> None:
    """Without pyspark the module is imported all the same, and says why it has no data source."""
    done = subprocess.run([sys.executable, "-c", _WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert done.stderr.startswith("the data source pypi cannot be used: ")
