# Manual pages (dist_man_MANS), guides (dist_doc_DATA), example configurations
# (dist_example_DATA).

dist_doc_DATA += \
	docs/architecture.md \
	docs/deviations.md \
	docs/example-sdk.c \
	docs/getting-started.md \
	docs/security.md \
	$(NULL)
