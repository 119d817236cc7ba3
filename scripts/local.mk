# Checks of the tree itself.  They read the source directory, and the build
# directory only for config.h.

EXTRA_DIST += \
	scripts/abi.sh \
	scripts/arrows.sh \
	scripts/arrows.txt \
	scripts/coverage-floor.txt \
	scripts/coverage.sh \
	scripts/dist-files.txt \
	scripts/fuzz.sh \
	scripts/install-packages.sh \
	scripts/limits.txt \
	scripts/lint-contracts.h \
	scripts/lint.sh \
	scripts/packages-ci.txt \
	scripts/packages.txt \
	scripts/size.sh \
	scripts/sources.sh \
	scripts/style.sh \
	scripts/verify-dist.sh \
	scripts/words.txt \
	$(NULL)

tree_env = BUILDDIR='$(abs_top_builddir)' CC='$(CC)' MAKE='$(MAKE)'

style:
	$(tree_env) bash $(top_srcdir)/scripts/style.sh
size:
	$(tree_env) bash $(top_srcdir)/scripts/size.sh
arrows:
	$(tree_env) bash $(top_srcdir)/scripts/arrows.sh
abi-check abi-update abi-freeze: all
	$(tree_env) bash $(top_srcdir)/scripts/abi.sh $(@:abi-%=%)
lint:
	$(tree_env) bash $(top_srcdir)/scripts/lint.sh
fuzz:
	$(tree_env) bash $(top_srcdir)/scripts/fuzz.sh
coverage:
	$(tree_env) bash $(top_srcdir)/scripts/coverage.sh
verify-dist dist-files:
	$(tree_env) bash $(top_srcdir)/scripts/verify-dist.sh $@
.PHONY: coverage verify-dist dist-files lint fuzz style size arrows abi-check abi-update abi-freeze

EXTRA_DIST += scripts/demo.sh scripts/demo-orders.sh scripts/show.sh
