"""The diagnosis: lesion, case, photo, prediction, first read, finding."""
