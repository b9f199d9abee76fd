"""What a newcomer reads, and the demonstration that can be run."""
