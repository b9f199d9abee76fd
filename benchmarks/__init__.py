"""What Dropline costs, measured. Each module runs by itself: `python -m benchmarks.<name>`."""
