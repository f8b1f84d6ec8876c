"""What the streams of advisories have in common."""

from datetime import datetime
from typing import Annotated

from source_pypi.fields import describe

#: The folder in ``services/``.
SERVICE = "advisories"
#: The requests that they take.
COST = "1 for all advisories; later 1, and 1 for each modified advisory; shared by the streams of advisories"

AdvisoryId = Annotated[str, describe("The advisory's identifier, e.g. PYSEC-2021-9.", source="id")]
AdvisoryProject = Annotated[
    str, describe("The normalised name of the affected project (PEP 503).", source="affected[].package.name")
]
ModifiedAt = Annotated[
    datetime,
    describe(
        "Time of the advisory's last change. A row with another time than the row in advisories is out of date, which "
        "occurs only where destinations cannot delete rows.",
        source="modified",
    ),
]
