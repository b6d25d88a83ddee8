# Part of Maek, under the MIT licence; see LICENSE.
"""What ./dev models and ./dev labs share: building and training programs,
results as files, tables, plots."""
