"""Comparisons with other tools, a file for each tool; ``benchmarks/peers`` has what the tools run.

The tools have environments of their own, which ``make bench`` creates. A tool whose environment is missing is left out,
and the page says so.
"""
