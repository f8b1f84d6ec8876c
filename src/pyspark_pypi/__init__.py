"""Where Spark finds the data source ``pypi``: it imports every module ``pyspark_*`` and takes ``DefaultSource``.

An error here would hide the data sources of all other packages, too. So this module has no ``DefaultSource`` if the
data source cannot be imported, and logs why.
"""

import logging

try:
    from source_pypi.spark.source import PyPIDataSource as DefaultSource
except Exception as error:
    logging.getLogger(__name__).warning("the data source pypi cannot be used: %s", error)
else:
    __all__ = ["DefaultSource"]
