"""Protection against hostile input: limits, printable text, no credentials in output."""
