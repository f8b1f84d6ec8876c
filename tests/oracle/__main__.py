"""The command that runs histories."""

from tests.oracle.histories import main

raise SystemExit(main())
