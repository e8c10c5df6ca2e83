"""The code that a function depends on, as a digest: it changes when the function's meaning may, and not before.

Followed are names: from a function to what it refers to in its own file, and on into files that it imports from the
same folder, or from anywhere that is no installed package. Not followed are this package's other folders, installed
packages and Python itself, which have versions. Comments, docstrings, layout and where a file lies count for nothing;
neither do definitions that nobody refers to. What is decided at run time is not seen: a name made by ``getattr``, a
file that is read; nor, of a function written in a notebook, what other cells of it define.
"""

from rnn_research.source.digests import DIGITS, acts_of, code_of

__all__ = ["DIGITS", "acts_of", "code_of"]
