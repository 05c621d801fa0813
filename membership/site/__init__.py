"""The pages that draw on several features: home, the patron's page, thank-you, wall, errors, health."""
