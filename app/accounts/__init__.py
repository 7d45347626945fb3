"""Who you are: users, roles, patients, guardians, consents, sign-in."""
