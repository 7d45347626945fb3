"""Whether a review complains: a calibrated probability from its words alone, and its sentences."""
