"""Who comes back: cohorts by day, week and month, and how long users stay (Kaplan-Meier)."""
