"""Tests of answers from a loaded database."""
