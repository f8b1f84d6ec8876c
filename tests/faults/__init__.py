"""Faults between a client and an index: a relay that damages responses, a proxy, a private CA.

relay.py stands between a client and the fake index, and damages the bytes of responses; forward.py is a proxy;
authority.py issues certificates, and puts an index behind TLS; listening.py is the server that they share. The faults
of an index itself are in ``tests/fake_index/faults.py``.
"""
