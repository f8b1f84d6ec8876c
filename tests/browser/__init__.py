"""Tests of the report in Chromium: make browser."""
