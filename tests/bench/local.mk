# Measurements: make bench.
