"""The connector and its manifest under Airbyte's own tools, in a separate environment (`make cdk`)."""
