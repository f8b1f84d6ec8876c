"""Validate the metadata of a connector with Airbyte's models; print it as JSON."""

import json
import sys
from pathlib import Path

import yaml
from airbyte_cdk.models.connector_metadata import MetadataFile
from airbyte_connector_models.metadata.v0.connector_metadata_definition_v0 import ConnectorMetadataDefinitionV0

path = Path(sys.argv[1])
content = yaml.safe_load(path.read_text())
ConnectorMetadataDefinitionV0.model_validate(content)
MetadataFile.from_file(path)
sys.stdout.write(json.dumps(content))
