"""What users of telemedicine apps say: imports, reviews, analyses."""
