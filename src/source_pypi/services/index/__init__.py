"""The package index: ``api.py`` requests documents, ``documents/`` has their types and checks them."""
