"""Download counts: services that count the downloads of projects, by day.

``pypistats.py`` and ``clickhouse.py`` are two sources of the same kind of document, ``documents.DownloadCounts``.
"""
