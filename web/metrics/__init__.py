"""`/metrics`: what Prometheus is told. The catalogue says what there is; docs/metrics.md is written from it."""

from web.metrics.routes import router

__all__ = ["router"]
