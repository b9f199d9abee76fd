"""Runs RQ workers: one process per queue worker, under one supervisor."""
