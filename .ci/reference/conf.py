"""How Sphinx reads the docstrings and shows them."""

import voxframe

project = "voxframe"
version = release = voxframe.__version__
language = "en"

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_parser"]
exclude_patterns = ["doctrees"]
# Single backticks name parameters and files.
default_role = "code"
smartquotes = False
nitpick_ignore_regex = [("py:.*", r"(?!voxframe)\w+(\.\w+)*")]  # what others document

autosummary_generate = False  # the pages are made by pages.py
autodoc_typehints = "none"  # the docstrings say them in words
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_mock_imports = ["dask", "pyspark"]  # half a gigabyte that a page does not need
maximum_signature_line_length = 68
numpydoc_show_class_members = False
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"voxframe {release}"
html_static_path = ["static"]
html_css_files = ["reference.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
