"""The front door: what comes in by HTTP, and what people and machines look at. Stands on `jobs`, decides nothing."""
