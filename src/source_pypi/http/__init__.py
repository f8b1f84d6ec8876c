"""HTTP for any service: requests, retries, rate limit, timeouts, proxies, certificates, credentials."""
