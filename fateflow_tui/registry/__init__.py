"""Model parts on disk: registered versions, archives, migration, a second location."""
