"""Where users' attention goes, how it is divided, what it turns into, and how it fades."""
