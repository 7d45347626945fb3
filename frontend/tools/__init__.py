"""The steps of the front-end build, one file each."""
