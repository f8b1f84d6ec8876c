"""How bytes come and go: connections whose every wait is bounded, proxies, trust, credentials, and what went wrong."""
