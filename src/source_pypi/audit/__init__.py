"""The audit of pins: rules, findings, accepted findings, and the formats of the report.

A rule is a view of a loaded database (``rules.py``). ``answers.py`` selects from the views and makes findings of the
rows; ``outcome.py`` keeps what a run could not read, so that nothing counts as clean that was not checked.
"""
