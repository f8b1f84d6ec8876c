"""Side by side with what others have for the same: a file is what it is against; ``benchmarks/peers`` is what they run.

Peers have environments of their own, which ``make bench`` sets up. Where one is missing, it is told and left out.
"""
