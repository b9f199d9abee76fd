"""The domain, and everything that can be enqueued."""
