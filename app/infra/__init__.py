"""What every domain stands on: database, crypto, storage, queue, events, clock, mail and SMS."""
