"""Tests of the report, and the example that they and the screenshots show."""
