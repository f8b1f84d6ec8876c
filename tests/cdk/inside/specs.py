"""Compare two specifications on standard input as the standard tests do before a release; print the result."""

import json
import sys

from airbyte_cdk.test.standard_tests._spec_compatibility import compare_specs

found = compare_specs(*json.load(sys.stdin))
sys.stdout.write(json.dumps({"breaking": found.breaking, "compatible": found.compatible}))
