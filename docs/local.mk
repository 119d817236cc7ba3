# Manual pages (dist_man_MANS), guides (dist_doc_DATA), example configurations
# (dist_example_DATA).
