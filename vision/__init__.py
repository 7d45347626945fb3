"""Skin-lesion pictures in, predictions out. A library and a command line: ``python -m vision``."""
