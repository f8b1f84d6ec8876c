"""The SQL for ClickHouse, executed by chdb on the playground's tables. It runs in an environment of its own."""
