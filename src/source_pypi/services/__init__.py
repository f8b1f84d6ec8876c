"""Services that this package reads from; one folder for each.

A service is a URL, a rate limit, a User-Agent, credentials, a retry policy, and functions that return its documents.
``index/`` is one: the package index. Another service is another folder with its own ``http.client.Client``, so that
each operator sees its own rate limit and identity, and the failure of one service does not stop the others. Services
are siblings: none imports another, and nothing in ``http/`` knows which services exist.
"""
