# Completion (dist_bashcompletion_DATA), git hooks, the plugin template, client
# configurations.
