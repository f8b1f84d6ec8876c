"""The data source ``pypi`` for Apache Spark (extra ``spark``).

::

    spark.read.format("pypi").option("stream", "files").load("flask,requests")
    spark.readStream.format("pypi").option("stream", "events").load()

``source.py`` has the classes that Spark calls; only that file imports pyspark. Spark finds them through the top-level
module ``pyspark_pypi``.

Flow
    The driver reads the options (``options.py``) and divides the work into tasks (``tasks.py``), for streaming between
    two serials of the journal (``events.py``). Workers read a task into Arrow batches (``rows.py``).
"""
