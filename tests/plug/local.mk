# The contract kit and the hostile plugins.
