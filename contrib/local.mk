# Completion (dist_bashcompletion_DATA), git hooks, the plugin template, client
# configurations.

EXTRA_DIST += \
	contrib/git/commit-msg \
	contrib/git/pre-commit \
	contrib/git/pre-push \
	$(NULL)
