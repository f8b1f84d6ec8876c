"""The connector and its manifest under what Airbyte wrote to judge them, in an environment of its own (`make cdk`)."""
