"""Statistics, tables, figures and pages, made from the files of a run directory alone."""
