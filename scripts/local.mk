# Checks of the tree itself.  They read the source directory, and the build
# directory only for config.h.

EXTRA_DIST += \
	scripts/abi.sh \
	scripts/arrows.sh \
	scripts/arrows.txt \
	scripts/fuzz.sh \
	scripts/limits.txt \
	scripts/lint.sh \
	scripts/packages.txt \
	scripts/size.sh \
	scripts/sources.sh \
	scripts/style.sh \
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
.PHONY: lint fuzz style size arrows abi-check abi-update abi-freeze
