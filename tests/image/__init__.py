"""The Dockerfile, replayed without Docker: each stage in its own folder and virtual environment.

``dockerfile.py`` parses the file, ``replay.py`` runs its steps, ``test_image.py`` tests the result.
"""
