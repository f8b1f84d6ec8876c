"""Tests of the documentation: every command in it runs, and prints what is shown."""
