"""What benchmarks share; a folder of its own, because every file beside it is a benchmark."""
