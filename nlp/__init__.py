"""Store reviews in, a report out: a library and a command line (``python -m nlp``).

The package knows nothing of the portal.  Importing it, or any of its modules, is cheap: tokenizers,
SciPy, the word-cloud drawer and Jinja are imported by the function that needs them.
"""

__version__ = "0.1.0"
