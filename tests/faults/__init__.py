"""What goes wrong on the way to an index: a relay that spoils what passes, a proxy, an authority of our own.

relay.py stands between a client and the index of the tests, and spoils the bytes of answers; forward.py is a proxy that
a client is told of; authority.py issues certificates, and wraps an index in TLS; listening.py is the server beneath.
What an index itself does wrong is ``tests/fake_index/faults.py``.
"""
