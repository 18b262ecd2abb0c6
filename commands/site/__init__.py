"""Commands about the site: its scheduler, settings, resources and upkeep."""
