"""The version of the package, in the one place that the build, the User-Agent and ``--version`` read."""

__version__ = "0.4.0"
