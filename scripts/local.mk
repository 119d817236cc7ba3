# Checks of the tree itself: style, size, lint, ABI, tarball.
