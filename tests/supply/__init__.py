"""The distributions: the wheel, the source distribution, and the SBOM of the runtime lock."""
